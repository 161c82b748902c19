import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  CLAIM_MS,
  IN_FLIGHT_MAX,
  type AttemptRecord,
  type BillingEvent,
  type Webhook,
} from '@meridian/application';
import type { WebhookDeliveryId, WebhookId } from '@meridian/domain';
import { aTenant, tenantId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = 1_000_000;
const ACME = tenantId('acme');
const OTHER = tenantId('other');
const whk = (name: string) => `whk_${name}` as WebhookId;

/** What every store of webhooks does. Call it in a `describe`; `open` gives an empty record. */
export function webhooksContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    await record.tenants.createTenant(aTenant({ tenantId: OTHER, name: 'Other' }));
  });
  afterEach(() => record.close());

  const create = async (name: string, over: Partial<Webhook> = {}): Promise<Webhook> => {
    const made: Webhook = {
      ...{ webhookId: whk(name), url: `https://${name}.example.org/`, events: ['budget.alert'] },
      ...{ createdAtMs: T0, ...over },
    };
    await record.webhooks.create(made, `whsec_${name}`);
    return made;
  };
  const emit = (eventId: string, over: Partial<BillingEvent> = {}) =>
    record.webhooks.emit({
      ...{ eventId, type: 'budget.alert', tenantId: ACME, atMs: T0, data: { share: 0.8 } },
      ...over,
    });
  const only = async (name: string) => {
    const [delivery, ...others] = await record.webhooks.deliveries(whk(name), 10);
    expect(others).toEqual([]);
    if (!delivery) throw new Error(`no delivery for ${name}`);
    return delivery;
  };
  const attempt = (deliveryId: WebhookDeliveryId, over: Partial<AttemptRecord>) =>
    record.webhooks.record(deliveryId, { status: 'delivered', atMs: T0 + 1, disable: false, ...over });
  const FAILED = { status: 'failed', nextAttemptAtMs: T0 + 5_000, lastError: 'answered 500' } as const;

  it('keeps webhooks, each for its tenant', async () => {
    const mine = await create('a', { tenantId: ACME, description: 'ours' });
    const theirs = await create('b', { tenantId: OTHER, createdAtMs: T0 + 1 });
    const operators = await create('c', { createdAtMs: T0 + 2 });
    expect(await record.webhooks.list(ACME)).toEqual([mine]);
    expect(await record.webhooks.list('all')).toEqual([mine, theirs, operators]);
    expect(await record.webhooks.find(ACME, whk('a'))).toEqual(mine);
    expect(await record.webhooks.find(ACME, whk('b'))).toBeUndefined();
    expect(await record.webhooks.find('all', whk('b'))).toEqual(theirs);
    expect(await record.webhooks.find(ACME, whk('c'))).toBeUndefined();
  });

  it('removes a webhook of the scope, with its deliveries', async () => {
    await create('a', { tenantId: ACME });
    await emit('e1');
    expect(await record.webhooks.remove(OTHER, whk('a'))).toBe(false);
    expect(await record.webhooks.remove(ACME, whk('a'))).toBe(true);
    expect(await record.webhooks.remove(ACME, whk('a'))).toBe(false);
    expect(await record.webhooks.deliveries(whk('a'), 10)).toEqual([]);
    expect(await record.webhooks.due(T0 + 1, 10)).toEqual([]);
  });

  it('tells an event to its tenant and to the operator, if they want its type', async () => {
    await create('mine', { tenantId: ACME });
    await create('theirs', { tenantId: OTHER });
    await create('operator');
    await create('deaf', { tenantId: ACME, events: ['invoice.issued'] });
    await emit('e1');
    await emit('fleet', { type: 'conservation.breach' });
    const told = await record.webhooks.due(T0, 10);
    expect(told).toHaveLength(2);
    expect(await only('mine')).toMatchObject({ eventId: 'e1', type: 'budget.alert', status: 'waiting' });
    expect(await only('operator')).toMatchObject({ eventId: 'e1', attempts: 0, round: 1 });
    expect(await record.webhooks.deliveries(whk('theirs'), 10)).toEqual([]);
  });

  it('tells what concerns no tenant to the operator alone', async () => {
    await create('mine', { tenantId: ACME, events: ['conservation.breach'] });
    await create('operator', { events: ['conservation.breach'] });
    const { tenantId: _none, ...fleet } = { tenantId: ACME, eventId: 'f', atMs: T0, data: {} };
    await record.webhooks.emit({ ...fleet, type: 'conservation.breach' });
    expect(await record.webhooks.deliveries(whk('mine'), 10)).toEqual([]);
    expect(await only('operator')).toMatchObject({ eventId: 'f' });
  });

  it('tells an event once, however often it is emitted, and the first one stands', async () => {
    await create('a', { tenantId: ACME });
    await Promise.all([emit('e1'), emit('e1'), emit('e1')]);
    await emit('e1', { data: { share: 1 } });
    const { deliveryId } = await only('a');
    expect(await record.webhooks.claim(deliveryId, T0)).toMatchObject({
      ...{ secret: 'whsec_a', eventAtMs: T0, tenantId: ACME, data: { share: 0.8 } },
      webhook: { url: 'https://a.example.org/' },
    });
  });

  it('does not tell a webhook what happened before it was made', async () => {
    await emit('e1');
    await create('late', { tenantId: ACME });
    await emit('e1');
    expect(await record.webhooks.deliveries(whk('late'), 10)).toEqual([]);
  });

  it('gives a due delivery to one of those that claim it, and again when the claim lapsed', async () => {
    await create('a', { tenantId: ACME });
    await emit('e1');
    const { deliveryId } = await only('a');
    expect(await record.webhooks.claim(deliveryId, T0 - 1)).toBeUndefined();
    const claims = await Promise.all([1, 2, 3].map(() => record.webhooks.claim(deliveryId, T0)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    expect(await record.webhooks.due(T0 + 1, 10)).toEqual([]);
    expect(await record.webhooks.claim(deliveryId, T0 + CLAIM_MS)).toBeDefined();
  });

  it('gives no webhook more than it may have in flight, and lets it keep nobody waiting', async () => {
    await create('busy', { tenantId: ACME });
    await create('idle', { tenantId: ACME, events: ['wallet.low'] });
    for (let i = 0; i < IN_FLIGHT_MAX + 2; i += 1) await emit(`e${i}`, { atMs: T0 - 100 + i });
    await emit('other', { type: 'wallet.low' });
    const due = await record.webhooks.due(T0, 100);
    expect(due).toHaveLength(IN_FLIGHT_MAX + 1);
    expect(await record.webhooks.due(T0, 100, whk('idle'))).toHaveLength(1);
    const [, ...rest] = await record.webhooks.deliveries(whk('busy'), 100);
    const claims = await Promise.all(
      rest.slice(0, IN_FLIGHT_MAX).map(({ deliveryId }) => record.webhooks.claim(deliveryId, T0)),
    );
    expect(claims.every((claim) => claim !== undefined)).toBe(true);
    const late = (await record.webhooks.deliveries(whk('busy'), 1))[0];
    expect(late && (await record.webhooks.claim(late.deliveryId, T0))).toBeUndefined();
    expect(await record.webhooks.due(T0, 100)).toHaveLength(1);
    const first = rest[0];
    if (first) await attempt(first.deliveryId, {});
    expect(await record.webhooks.due(T0, 100)).toHaveLength(2);
    expect(late && (await record.webhooks.claim(late.deliveryId, T0))).toBeDefined();
  });

  it('is done with what came through', async () => {
    await create('a', { tenantId: ACME });
    await emit('e1');
    const { deliveryId } = await only('a');
    await record.webhooks.claim(deliveryId, T0);
    await attempt(deliveryId, { lastStatus: 204 });
    expect(await only('a')).toEqual({
      ...{ deliveryId, webhookId: whk('a'), eventId: 'e1', type: 'budget.alert', status: 'delivered' },
      ...{ attempts: 1, round: 1, createdAtMs: T0, deliveredAtMs: T0 + 1, lastStatus: 204 },
    });
    expect(await record.webhooks.due(T0 + 1e9, 10)).toEqual([]);
  });

  it('makes what failed due again later, and knows since when a webhook fails', async () => {
    await create('a', { tenantId: ACME });
    await emit('e1');
    const { deliveryId } = await only('a');
    await record.webhooks.claim(deliveryId, T0);
    await attempt(deliveryId, { ...FAILED, lastStatus: 500 });
    expect(await only('a')).toMatchObject({ ...FAILED, attempts: 1, lastStatus: 500 });
    expect(await record.webhooks.find(ACME, whk('a'))).toMatchObject({ failingSinceMs: T0 + 1 });
    expect(await record.webhooks.due(T0 + 4_999, 10)).toEqual([]);
    expect(await record.webhooks.due(T0 + 5_000, 10)).toMatchObject([{ deliveryId, attempts: 1, round: 1 }]);
    expect(await record.webhooks.backlog(T0 + 6_000)).toEqual({ due: 1, oldestDueAtMs: T0 + 5_000 });
    await record.webhooks.claim(deliveryId, T0 + 5_000);
    await attempt(deliveryId, { ...FAILED, atMs: T0 + 5_001, nextAttemptAtMs: T0 + 9_000 });
    expect(await record.webhooks.find(ACME, whk('a'))).toMatchObject({ failingSinceMs: T0 + 1 });
    await record.webhooks.claim(deliveryId, T0 + 9_000);
    await attempt(deliveryId, { atMs: T0 + 9_001 });
    expect((await record.webhooks.find(ACME, whk('a')))?.failingSinceMs).toBeUndefined();
    expect(await record.webhooks.backlog(T0 + 1e9)).toEqual({ due: 0 });
  });

  it('gives everything up that waits for a webhook which is disabled', async () => {
    await create('a', { tenantId: ACME });
    await emit('e1');
    await emit('e2', { atMs: T0 + 1 });
    const [second, first] = await record.webhooks.deliveries(whk('a'), 10);
    if (!first || !second) throw new Error('two deliveries were expected');
    await record.webhooks.claim(first.deliveryId, T0 + 1);
    await attempt(first.deliveryId, { status: 'given_up', lastError: 'answered 410', disable: true });
    expect(await record.webhooks.find(ACME, whk('a'))).toMatchObject({ disabledAtMs: T0 + 1 });
    expect(await record.webhooks.deliveries(whk('a'), 10, 'given_up')).toHaveLength(2);
    await emit('e3', { atMs: T0 + 2 });
    expect(await record.webhooks.deliveries(whk('a'), 10)).toHaveLength(2);
    const test = await record.webhooks.addTest(whk('a'), 'test', T0 + 3);
    expect(await record.webhooks.claim(test.deliveryId, T0 + 3)).toMatchObject({
      delivery: { type: 'webhook.test' },
    });
    await attempt(test.deliveryId, { atMs: T0 + 4 });
    expect((await record.webhooks.find(ACME, whk('a')))?.disabledAtMs).toBeUndefined();
  });

  it('replays a delivery of its webhook with the same event', async () => {
    await create('a', { tenantId: ACME });
    await create('b', { tenantId: ACME, events: ['invoice.issued'] });
    await emit('e1');
    const { deliveryId } = await only('a');
    await record.webhooks.claim(deliveryId, T0);
    await attempt(deliveryId, { status: 'given_up', lastError: 'answered 500' });
    expect(await record.webhooks.replay(whk('b'), deliveryId, T0 + 9)).toBeUndefined();
    expect(await record.webhooks.delivery(whk('b'), deliveryId)).toBeUndefined();
    expect(await record.webhooks.replay(whk('a'), deliveryId, T0 + 9)).toMatchObject({
      ...{ status: 'waiting', attempts: 0, round: 2, eventId: 'e1', nextAttemptAtMs: T0 + 9 },
    });
    expect(await record.webhooks.claim(deliveryId, T0 + 9)).toMatchObject({ data: { share: 0.8 } });
  });

  it('forgets what ended long ago, and keeps what waits', async () => {
    await create('a', { tenantId: ACME });
    await emit('e1');
    await emit('e2');
    await emit('nobody', { type: 'wallet.low' });
    const [one] = await record.webhooks.due(T0, 1);
    if (!one) throw new Error('a due delivery was expected');
    await record.webhooks.claim(one.deliveryId, T0);
    await attempt(one.deliveryId, {});
    expect(await record.webhooks.prune(T0)).toBe(0);
    expect(await record.webhooks.prune(T0 + 1)).toBe(3);
    expect(await record.webhooks.deliveries(whk('a'), 10)).toMatchObject([{ status: 'waiting' }]);
  });
}
