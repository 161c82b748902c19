// Pairing as an owner, a device and someone who guesses see it.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@meridian/testkit';
import { decodeJwt } from 'jose';
import { fakeStores, type FakeStores } from './testing/fake-stores.ts';
import type { HttpCaller } from './testing/http-caller.ts';
import { startTestControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

let clock: VirtualClock;
let stores: FakeStores;
let cp: TestControlPlane;
let acme: HttpCaller;
let session: string;
beforeEach(async () => {
  clock = new VirtualClock();
  stores = fakeStores(clock);
  cp = await startTestControlPlane(clock, stores);
  acme = await cp.tenant('Acme');
  await cp.fleet.register();
  await cp.fleet.heartbeat(1);
  session = String((await acme.post('/v1/sessions', { model: 'gallery' })).body['id']);
});
afterEach(() => cp.close());

const offer = (body: unknown = { role: 'controller' }, who = acme) =>
  who.post(`/v1/sessions/${session}/pairings`, body);
const claim = (code: unknown, headers: Record<string, string> = {}) =>
  cp.anonymous.post('/v1/pairings/claim', { code }, headers);
const code = async (body?: unknown) => String((await offer(body)).body['code']);
const problem = async (answer: ReturnType<typeof claim>) => {
  const { status, body } = await answer;
  return [status, body['code']];
};

describe('pairing over HTTP', () => {
  it('offers a code with a page to type it into, and lets its device in without an API key', async () => {
    const offered = await offer({ role: 'spectator', label: 'Sam’s phone' });
    expect(offered.status).toBe(201);
    expect(offered.body).toEqual({
      code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/),
      role: 'spectator',
      expiresAt: new Date(clock.nowMs() + 300_000).toISOString(),
      joinUrl: `${cp.anonymous.url}/join#${String(offered.body['code'])}`,
    });
    const joined = await claim(offered.body['code']);
    expect(joined.status).toBe(201);
    const owner = (await acme.get(`/v1/sessions/${session}`)).body['connection'] as Record<string, unknown>;
    const { connection, ...device } = joined.body as { connection: Record<string, unknown> };
    expect(device).toEqual({
      ...{ sessionId: session, device: 1, role: 'spectator', label: 'Sam’s phone', model: 'gallery' },
    });
    const { streamUrl, grpcAddress, alternatives } = owner;
    expect(connection).toMatchObject({ streamUrl, grpcAddress, alternatives });
    expect(decodeJwt(String(connection['token']))['mer']).toMatchObject({
      device: 1,
      role: 'spectator',
      epoch: 1,
    });
    expect(await problem(claim(offered.body['code']))).toEqual([404, 'pairing_not_found']);
  });

  it('lists devices and removes them, twice if need be', async () => {
    await claim(await code({ role: 'controller', label: 'Pad' }));
    await claim(await code());
    const path = `/v1/sessions/${session}/devices`;
    const pairedAt = new Date(clock.nowMs()).toISOString();
    clock.advance(1_000);
    expect((await acme.delete(`${path}/1`)).status).toBe(204);
    clock.advance(1_000);
    expect((await acme.delete(`${path}/1`)).status).toBe(204);
    const removedAt = new Date(clock.nowMs() - 1_000).toISOString();
    expect((await acme.get(path)).body).toEqual({
      devices: [
        { device: 1, role: 'controller', label: 'Pad', pairedAt, removedAt },
        { device: 2, role: 'controller', pairedAt },
      ],
    });
    for (const unknown of ['3', '0', 'x', '1.5', '-1', '9999999999']) {
      expect(await problem(acme.delete(`${path}/${unknown}`))).toEqual([404, 'device_not_found']);
    }
  });

  it('is scoped by tenant (S1)', async () => {
    const other = await cp.tenant('Other');
    await claim(await code());
    const devices = `/v1/sessions/${session}/devices`;
    for (const refused of [offer(undefined, other), other.get(devices), other.delete(`${devices}/1`)]) {
      expect(await problem(refused)).toEqual([404, 'session_not_found']);
    }
    expect(await problem(cp.anonymous.get(devices))).toEqual([401, 'api_key_missing']);
  });

  it.each([
    [{}, 'role'],
    [{ role: 'owner' }, 'role'],
    [{ role: 'controller', label: 'x'.repeat(41) }, 'label'],
    [{ role: 'controller', label: '' }, 'label'],
    [{ role: 'controller', label: 'a\u0000b' }, 'label'],
    [{ role: 'controller', device: 1 }, 'device'],
  ])('refuses to offer %j, naming the field', async (body, field) => {
    const { status, body: answer } = await offer(body);
    expect([status, answer['code']]).toEqual([400, 'invalid_request']);
    expect(answer['errors']).toMatchObject([{ field }]);
  });

  it.each([undefined, 7, '', 'x'.repeat(65)])('refuses %j as a code', async (wrong) => {
    expect(await problem(claim(wrong))).toEqual([400, 'invalid_request']);
  });

  it('says why a session takes no device', async () => {
    const left = await code();
    for (let i = 0; i < 8; i += 1) await claim(await code());
    expect(await problem(offer())).toEqual([409, 'too_many_devices']);
    expect(await problem(claim(left))).toEqual([409, 'too_many_devices']);
    await acme.delete(`/v1/sessions/${session}`);
    expect(await problem(offer())).toEqual([409, 'session_ended']);
    expect(await problem(claim(left))).toEqual([409, 'session_ended']);
    await acme.post('/v1/sessions', { model: 'gallery' });
    await acme.post('/v1/sessions', { model: 'gallery' });
    session = String((await acme.post('/v1/sessions', { model: 'gallery' })).body['id']);
    expect(await problem(offer())).toEqual([409, 'session_not_placed']);
  });

  it('makes a guesser wait, and says for how long', async () => {
    for (let i = 0; i < 10; i += 1)
      expect(await problem(claim('0000-0000'))).toEqual([404, 'pairing_not_found']);
    const refused = await claim(await code());
    expect([refused.status, refused.body['code']]).toEqual([429, 'too_many_attempts']);
    expect(refused.headers.get('retry-after')).toBe('6');
    clock.advance(6_000);
    expect((await claim(await code())).status).toBe(201);
  });

  it('believes no address that a caller makes up', async () => {
    for (let i = 0; i < 10; i += 1) await claim('0000-0000', { 'x-forwarded-for': `192.0.2.${i}` });
    expect(await problem(claim('0000-0000', { 'x-forwarded-for': '192.0.2.99' }))).toEqual([
      429,
      'too_many_attempts',
    ]);
  });

  it('says that the record is away, and takes the code once it is back', async () => {
    const offered = await code();
    stores.record.away = true;
    expect(await problem(claim(offered))).toEqual([503, 'store_unavailable']);
    stores.record.away = false;
    expect((await claim(offered)).status).toBe(201);
  });

  it('leaves its codes in no log line and no audit entry', async () => {
    const offered = await code();
    await claim(offered);
    const audit = await cp.admin.get(`/admin/v1/audit?sessionId=${session}`);
    expect(audit.text).toContain('session.device_paired');
    for (const text of [audit.text, JSON.stringify(cp.logLines)]) expect(text).not.toContain(offered);
  });
});

describe('behind proxies that are trusted', () => {
  let proxied: TestControlPlane;
  beforeEach(async () => {
    proxied = await startTestControlPlane(clock, stores, {
      publicUrl: 'https://play.example.org',
      trustedProxies: ['127.0.0.1'],
    });
  });
  afterEach(() => proxied.close());

  it('counts attempts by the address that they tell, and names the public page', async () => {
    const wrong = (from: string) =>
      proxied.anonymous.post('/v1/pairings/claim', { code: '0000-0000' }, { 'x-forwarded-for': from });
    for (let i = 0; i < 10; i += 1) await wrong('192.0.2.1');
    expect((await wrong('192.0.2.1')).status).toBe(429);
    expect((await wrong('192.0.2.2')).status).toBe(404);
    const tenant = await proxied.tenant('Behind');
    const { id } = (await tenant.post('/v1/sessions', { model: 'gallery' })).body;
    const { body } = await tenant.post(`/v1/sessions/${String(id)}/pairings`, { role: 'controller' });
    expect(body['joinUrl']).toBe(`https://play.example.org/join#${String(body['code'])}`);
  });
});
