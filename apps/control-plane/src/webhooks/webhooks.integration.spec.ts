// Webhooks by their routes, against a real server on this machine; each tenant sees its own and nothing else (S1).
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@meridian/testkit';
import { fakeStores, type FakeStores } from '../testing/fake-stores.ts';
import { startHookReceiver, type HookReceiver } from '../testing/hook-receiver.ts';
import type { HttpAnswer, HttpCaller } from '../testing/http-caller.ts';
import { startTestControlPlane, type TestControlPlane } from '../testing/test-control-plane.ts';

describe('webhook routes', () => {
  let clock: VirtualClock;
  let stores: FakeStores;
  let cp: TestControlPlane;
  let acme: HttpCaller & { readonly tenantId: string };
  let other: HttpCaller & { readonly tenantId: string };
  let receiver: HookReceiver;
  let url: string;

  beforeEach(async () => {
    clock = new VirtualClock();
    stores = fakeStores(clock);
    cp = await startTestControlPlane(clock, stores);
    [acme, other] = [await cp.tenant('Acme'), await cp.tenant('Other')];
    receiver = await startHookReceiver();
    url = `http://127.0.0.1:${receiver.port}/hooks`;
  });
  afterEach(async () => {
    await cp.close();
    await receiver.close();
  });

  const BASE = '/v1/billing/webhooks';
  const ADMIN = '/admin/v1/billing/webhooks';
  const emit = (eventId: string, tenantId = acme.tenantId) =>
    stores.webhooks.emit({
      ...{ eventId, type: 'budget.alert', atMs: clock.nowMs(), data: { share: 0.8 } },
      tenantId: tenantId as never,
    });
  const deliveriesOf = async (id: unknown, caller = acme, base = BASE) =>
    (await caller.get(`${base}/${id}/deliveries`)).body['deliveries'] as Record<string, unknown>[];
  const expectProblem = ({ status, body }: HttpAnswer, expected: number, code: string) =>
    expect([status, body['code'], body['detail']]).toEqual([expected, code, expect.any(String)]);

  it('creates, lists, tests and deletes a webhook; its secret is shown once', async () => {
    const made = await acme.post(BASE, { url, events: ['budget.alert'], description: 'finance' });
    expect(made.status).toBe(201);
    const { secret, ...shown } = made.body;
    expect(shown).toMatchObject({
      tenant: acme.tenantId,
      url,
      events: ['budget.alert'],
      description: 'finance',
    });
    expect((await acme.get(BASE)).body).toEqual({ webhooks: [shown] });

    const tested = await acme.post(`${BASE}/${shown['id']}/test`, {});
    expect(tested.body).toMatchObject({
      type: 'webhook.test',
      status: 'delivered',
      attempts: 1,
      lastStatus: 204,
    });
    const [hook] = receiver.received;
    expect(hook?.headers).toMatchObject({
      'webhook-id': tested.body['messageId'],
      'content-type': 'application/json',
    });
    const signed = `${hook?.headers['webhook-id']}.${hook?.headers['webhook-timestamp']}.${hook?.body}`;
    const key = Buffer.from(String(secret).replace('whsec_', ''), 'base64');
    const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    expect(hook?.headers['webhook-signature']).toBe(signature);

    expect((await acme.delete(`${BASE}/${shown['id']}`)).status).toBe(204);
    expect((await acme.get(BASE)).body).toEqual({ webhooks: [] });
    expectProblem(await acme.delete(`${BASE}/${shown['id']}`), 404, 'webhook_not_found');
  });

  it('says what came of a test that failed', async () => {
    const { id } = (await acme.post(BASE, { url })).body;
    receiver.answer = (_hook, reply) => void reply.writeHead(302, { location: '/elsewhere' }).end();
    expect((await acme.post(`${BASE}/${id}/test`, {})).body).toMatchObject({
      ...{
        status: 'given_up',
        lastStatus: 302,
        lastError: expect.stringContaining('redirects are not followed'),
      },
    });
  });

  it('lists deliveries and replays one under the same id', async () => {
    const { id } = (await acme.post(BASE, { url })).body;
    await emit('budget.alert:x:0.8');
    const [delivery] = await deliveriesOf(id);
    expect(delivery).toMatchObject({ status: 'waiting', event: 'budget.alert:x:0.8', attempts: 0 });
    const replayed = await acme.post(`${BASE}/${id}/deliveries/${delivery?.['id']}/replay`, {});
    expect([replayed.status, replayed.body['messageId']]).toEqual([202, delivery?.['messageId']]);
    expect((await acme.get(`${BASE}/${id}/deliveries?status=delivered`)).body).toEqual({ deliveries: [] });
  });

  it('keeps every route of a webhook from other tenants', async () => {
    const { id } = (await acme.post(BASE, { url })).body;
    await emit('e1');
    const [delivery] = await deliveriesOf(id);
    const paths = [
      ['DELETE', `${BASE}/${id}`],
      ['GET', `${BASE}/${id}/deliveries`],
      ['POST', `${BASE}/${id}/deliveries/${delivery?.['id']}/replay`],
      ['POST', `${BASE}/${id}/test`],
    ] as const;
    for (const [method, path] of paths) {
      expectProblem(await other.send(method, path), 404, 'webhook_not_found');
      expectProblem(await cp.anonymous.send(method, path), 401, 'api_key_missing');
    }
    expect((await other.get(BASE)).body).toEqual({ webhooks: [] });
    expect(receiver.received).toEqual([]);
    expect(await deliveriesOf(id)).toHaveLength(1);
  });

  it('replays nothing by a webhook that has not sent it', async () => {
    const [mine, second] = [(await acme.post(BASE, { url })).body, (await acme.post(BASE, { url })).body];
    await emit('e1');
    const [delivery] = await deliveriesOf(mine['id']);
    const path = `${BASE}/${second['id']}/deliveries/${delivery?.['id']}/replay`;
    expectProblem(await acme.post(path, {}), 404, 'webhook_delivery_not_found');
  });

  it('lets the operator see all, and be told of all', async () => {
    const mine = (await acme.post(BASE, { url })).body;
    clock.advance(1);
    const all = (await cp.admin.post(ADMIN, { url, events: ['budget.alert'] })).body;
    clock.advance(1);
    const theirs = (await cp.admin.post(ADMIN, { url, tenant: other.tenantId })).body;
    expect((await cp.admin.get(ADMIN)).body['webhooks']).toMatchObject([
      { id: mine['id'] },
      { id: all['id'], url },
      { id: theirs['id'], tenant: other.tenantId },
    ]);
    expect((await other.get(BASE)).body['webhooks']).toMatchObject([{ id: theirs['id'] }]);
    await emit('e1', other.tenantId);
    expect(await deliveriesOf(all['id'], cp.admin as never, ADMIN)).toHaveLength(1);
    expect(await deliveriesOf(theirs['id'], other)).toHaveLength(1);
    expect(await deliveriesOf(mine['id'])).toEqual([]);
    const nobody = await cp.admin.post(ADMIN, { url, tenant: 'ten_nobody' });
    expectProblem(nobody, 404, 'tenant_not_found');
    const noted = (await cp.admin.get('/admin/v1/audit?limit=10')).body['entries'] as { action: string }[];
    expect(noted.map(({ action }) => action)).toContain(`POST ${ADMIN}`);
  });

  it.each([
    [{ url: 'not an address' }, 'url'],
    [{ url: 'ftp://example.org/' }, 'url'],
    [{ url: 'http://user:pw@example.org/' }, 'url'],
    [{ url: 'http://example.org/', events: ['budget.gone'] }, 'events.0'],
    [{ url: 'http://example.org/', events: [] }, 'events'],
    [{ url: 'http://example.org/', secret: 'mine' }, 'secret'],
    [{}, 'url'],
  ])('refuses %j: names the field and the fix', async (body, field) => {
    const answer = await acme.post(BASE, body);
    expectProblem(answer, 400, 'invalid_request');
    expect(answer.body['errors']).toMatchObject([{ field, fix: expect.stringMatching(/.../) }]);
  });

  it('refuses an inner address in production, and more webhooks than there may be', async () => {
    const strict = await startTestControlPlane(clock, stores, { webhookAllowPrivate: false });
    const tenant = await strict.tenant('Strict');
    for (const address of [url, 'https://169.254.169.254/', 'https://localhost/', 'http://example.org/']) {
      const refused = await tenant.post(BASE, { url: address });
      expect([refused.status, refused.body['errors']]).toMatchObject([400, [{ field: 'url' }]]);
    }
    for (let i = 0; i < 20; i += 1) await tenant.post(BASE, { url: 'https://example.org/' });
    expectProblem(await tenant.post(BASE, { url: 'https://example.org/' }), 409, 'too_many_webhooks');
    await strict.close();
  });
});
