// The whole way of an event to a webhook, on fakes: made, signed, sent, tried again, given up.
import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DELIVERY_ATTEMPTS_MAX, checkSignature } from '@meridian/domain';
import { FakeRecord, FakeWebhooks, SeededDraw, VirtualClock, tenantId } from '@meridian/testkit';
import type { SendOutcome, Webhook, WebhookSender } from '../ports/webhooks.ts';
import { makeDeliverWebhook, messageIdOf, type DeliverWebhook } from './deliver-webhook.ts';
import { WEBHOOKS_MAX, makeManageWebhooks, type ManageWebhooks } from './manage-webhooks.ts';
import { makeSendDueWebhooks } from './send-due-webhooks.ts';

const ACME = tenantId('acme');
const OTHER = tenantId('other');
const DAY_MS = 86_400_000;

interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

describe('webhooks', () => {
  let clock: VirtualClock;
  let store: FakeWebhooks;
  let sent: Sent[];
  let answer: SendOutcome;
  let deliver: DeliverWebhook;
  let manage: ManageWebhooks;

  beforeEach(() => {
    clock = new VirtualClock(1_700_000_000_000);
    store = new FakeWebhooks(new FakeRecord());
    sent = [];
    answer = { kind: 'answered', status: 204 };
    const sender: WebhookSender = {
      post: async (url, headers, body) => {
        sent.push({ url, headers, body });
        return answer;
      },
      refuses: (url) => (url.includes('inner') ? 'is not on the public internet' : undefined),
    };
    const ports = { webhooks: store, sender, clock, draw: new SeededDraw(7) };
    deliver = makeDeliverWebhook(ports);
    manage = makeManageWebhooks({ ...ports, deliver });
  });

  const create = async (over: Partial<Parameters<ManageWebhooks['create']>[0]> = {}) => {
    const made = await manage.create({ tenantId: ACME, url: 'https://example.org/', ...over });
    if (made.kind !== 'created') throw new Error(made.kind);
    return made;
  };
  const emit = (eventId = 'budget.alert:0.8') =>
    store.emit({ eventId, type: 'budget.alert', tenantId: ACME, atMs: clock.nowMs(), data: { share: 0.8 } });
  const newest = async ({ webhookId }: Webhook) => {
    const [delivery] = await store.deliveries(webhookId, 1);
    if (!delivery) throw new Error('no delivery');
    return delivery;
  };

  it('sends an event, signed with the secret that was shown once', async () => {
    const { webhook, secret } = await create();
    await emit();
    const { deliveryId } = await newest(webhook);
    expect(await deliver(deliveryId)).toEqual({ kind: 'delivered' });
    const { headers, body } = sent[0] as Sent;
    expect(JSON.parse(body)).toEqual({
      ...{ type: 'budget.alert', timestamp: '2023-11-14T22:13:20.000Z', tenant: ACME, data: { share: 0.8 } },
    });
    const message = { eventId: headers['webhook-id'] ?? '', atS: Number(headers['webhook-timestamp']), body };
    const mac = (key: string, text: string) =>
      createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
    const nowS = clock.nowMs() / 1_000;
    expect(checkSignature(message, headers['webhook-signature'] ?? '', secret, nowS, mac)).toBe('valid');
    expect(message.eventId).toBe(messageIdOf('budget.alert:0.8'));
    expect(message.eventId).toMatch(/^evt_[0-9a-f]{32}$/);
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    expect(key.length).toBeGreaterThanOrEqual(24);
    expect(key.length).toBeLessThanOrEqual(64);
  });

  it('sends what came through no second time', async () => {
    const { webhook } = await create();
    await emit();
    const { deliveryId } = await newest(webhook);
    await Promise.all([deliver(deliveryId), deliver(deliveryId)]);
    expect(await deliver(deliveryId)).toEqual({ kind: 'skipped' });
    expect(sent).toHaveLength(1);
  });

  it('tries again with the same id and a new timestamp, as long as the schedule says', async () => {
    const { webhook } = await create();
    await emit();
    answer = { kind: 'answered', status: 500 };
    const { deliveryId } = await newest(webhook);
    for (let attempt = 1; attempt < DELIVERY_ATTEMPTS_MAX; attempt += 1) {
      const outcome = await deliver(deliveryId);
      if (outcome.kind !== 'failed') throw new Error(`attempt ${attempt}: ${outcome.kind}`);
      expect(await newest(webhook)).toMatchObject({ status: 'failed', attempts: attempt, lastStatus: 500 });
      clock.advance(outcome.retryInMs - 1);
      expect(await deliver(deliveryId)).toEqual({ kind: 'skipped' });
      clock.advance(1);
    }
    expect(await deliver(deliveryId)).toEqual({ kind: 'given_up', error: 'answered 500' });
    expect(new Set(sent.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(sent.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(DELIVERY_ATTEMPTS_MAX);
    expect(await newest(webhook)).toMatchObject({ status: 'given_up', lastError: 'answered 500' });
  });

  it.each<[string, SendOutcome, string]>([
    ['a redirect', { kind: 'answered', status: 302 }, 'answered 302: redirects are not followed'],
    ['no answer', { kind: 'unanswered', reason: 'the connection was refused' }, 'the connection was refused'],
  ])('counts %s as a failure and says why', async (_what, outcome, error) => {
    const { webhook } = await create();
    await emit();
    answer = outcome;
    await deliver((await newest(webhook)).deliveryId);
    const { status, lastError } = await newest(webhook);
    expect([status, lastError]).toEqual(['failed', expect.stringContaining(error)]);
  });

  it('disables a webhook that failed for five days, and one whose receiver is gone', async () => {
    const { webhook } = await create();
    answer = { kind: 'answered', status: 500 };
    await emit('one');
    await deliver((await newest(webhook)).deliveryId);
    clock.advance(5 * DAY_MS);
    await emit('two');
    expect(await deliver((await newest(webhook)).deliveryId)).toMatchObject({ kind: 'disabled' });
    expect(await store.find(ACME, webhook.webhookId)).toMatchObject({ disabledAtMs: clock.nowMs() });
    expect(await store.due(clock.nowMs() + DAY_MS, 10)).toEqual([]);

    const { webhook: gone } = await create({ url: 'https://gone.example.org/' });
    answer = { kind: 'answered', status: 410 };
    await emit('three');
    expect(await deliver((await newest(gone)).deliveryId)).toMatchObject({ kind: 'disabled' });
  });

  it('tests a webhook at once, without retries; one that succeeds enables it again', async () => {
    const { webhook } = await create();
    answer = { kind: 'answered', status: 410 };
    await emit();
    await deliver((await newest(webhook)).deliveryId);
    const failed = await manage.test(ACME, webhook.webhookId);
    expect(failed).toMatchObject({ type: 'webhook.test', status: 'given_up', lastError: 'answered 410' });
    answer = { kind: 'answered', status: 200 };
    expect(await manage.test(ACME, webhook.webhookId)).toMatchObject({ status: 'delivered', attempts: 1 });
    expect((await store.find(ACME, webhook.webhookId))?.disabledAtMs).toBeUndefined();
  });

  it('replays what was given up, with the same id', async () => {
    const { webhook } = await create();
    answer = { kind: 'answered', status: 410 };
    await emit();
    const { deliveryId } = await newest(webhook);
    await deliver(deliveryId);
    answer = { kind: 'answered', status: 200 };
    expect(await manage.replay(ACME, webhook.webhookId, deliveryId)).toMatchObject({
      status: 'waiting',
      round: 2,
    });
    expect(await deliver(deliveryId)).toEqual({ kind: 'delivered' });
    expect(sent.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(2).fill(messageIdOf('budget.alert:0.8')),
    );
  });

  it('lets nobody test, replay or sign for another tenant (S1)', async () => {
    const { webhook } = await create();
    await emit();
    const { deliveryId } = await newest(webhook);
    expect(await manage.test(OTHER, webhook.webhookId)).toBeUndefined();
    expect(await manage.replay(OTHER, webhook.webhookId, deliveryId)).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it('refuses inner addresses, and more webhooks than a tenant may have', async () => {
    expect(await manage.create({ tenantId: ACME, url: 'https://inner/' })).toEqual({
      kind: 'address_refused',
      reason: 'is not on the public internet',
    });
    for (let i = 0; i < WEBHOOKS_MAX; i += 1) await create();
    expect(await manage.create({ tenantId: ACME, url: 'https://example.org/' })).toEqual({
      kind: 'too_many',
    });
    await create({ tenantId: OTHER });
  });

  it('hands what is due to the queue, and tries it itself while the queue is away', async () => {
    const { webhook } = await create();
    await emit();
    const queued: string[] = [];
    let away = false;
    const sendDue = makeSendDueWebhooks({
      ...{ webhooks: store, clock, deliver },
      enqueue: async (deliveries) => {
        if (away) throw new Error('no Redis');
        queued.push(...deliveries.map(({ deliveryId }) => deliveryId));
      },
    });
    expect(await sendDue()).toBe(1);
    expect([queued.length, sent.length]).toEqual([1, 0]);
    away = true;
    expect(await sendDue()).toBe(1);
    expect([sent.length, (await newest(webhook)).status]).toEqual([1, 'delivered']);
    expect(await sendDue()).toBe(0);
  });
});
