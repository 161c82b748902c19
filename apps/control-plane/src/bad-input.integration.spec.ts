// Every bad input that can reach the control plane is refused with its own error, and leaves nothing behind: no slot
// held, no session half open.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { US_EAST, VirtualClock } from '@meridian/testkit';
import { fakeStores, type FakeStores } from './testing/fake-stores.ts';
import type { HttpAnswer, HttpCaller } from './testing/http-caller.ts';
import { SECRETS } from './testing/test-config.ts';
import { startTestControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

const GALLERY = { model: 'gallery', rttMs: { 'us-east': 12, 'eu-west': 90 } };

describe('bad input', () => {
  let clock: VirtualClock;
  let stores: FakeStores;
  let cp: TestControlPlane;
  let acme: HttpCaller;

  beforeEach(async () => {
    clock = new VirtualClock();
    stores = fakeStores(clock);
    cp = await startTestControlPlane(clock, stores);
    acme = await cp.tenant('Acme', 1);
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
  });
  afterEach(() => cp.close());

  function expectProblem(answer: HttpAnswer, status: number, code: string): void {
    expect(answer.body).toMatchObject({ status, code, type: `urn:meridian:problem:${code}` });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body['traceId']).toBe(answer.headers.get('traceparent')?.split('-')[1]);
    expect(answer.text).not.toMatch(/node_modules|\.ts:|at Object/);
  }

  async function expectNothingHeld(): Promise<void> {
    expect((await acme.get('/v1/sessions')).body).toEqual({ sessions: [] });
    const { pools } = (await cp.admin.get('/admin/v1/pools')).body as { pools: { usedSlots: number }[] };
    expect(pools.map(({ usedSlots }) => usedSlots)).toEqual([0]);
    expect(stores.record.rows.size).toBe(0);
    expect(stores.regions.store(US_EAST).leases.size).toBe(0);
  }

  it.each([
    ['negative RTT', { ...GALLERY, rttMs: { 'us-east': -5 } }, 'rttMs.us-east'],
    ['absurd RTT', { ...GALLERY, rttMs: { 'us-east': 1e9 } }, 'rttMs.us-east'],
    ['RTT that is no number', { ...GALLERY, rttMs: { 'us-east': null } }, 'rttMs.us-east'],
    ['impossible residency', { ...GALLERY, residency: 'moon' }, 'residency'],
    ['too much metadata', { ...GALLERY, metadata: { note: 'x'.repeat(513) } }, 'metadata.note'],
    ['model that is no name', { ...GALLERY, model: '../gallery' }, 'model'],
    ['no model', {}, 'model'],
    ['misspelt field', { ...GALLERY, resdency: 'eu' }, 'resdency'],
  ])('%s: 400 names the field and the fix', async (_what, body, field) => {
    const answer = await acme.post('/v1/sessions', body);
    expectProblem(answer, 400, 'invalid_request');
    expect(answer.body['errors']).toEqual([
      { field, message: expect.any(String), fix: expect.stringMatching(/.../) },
    ]);
    await expectNothingHeld();
  });

  it('unknown model: 422 lists the known ones', async () => {
    const answer = await acme.post('/v1/sessions', { ...GALLERY, model: 'mars' });
    expectProblem(answer, 422, 'unknown_model');
    expect(answer.body['knownModels']).toEqual([{ model: 'gallery', modelVersion: '1.0.0' }]);
    await expectNothingHeld();
  });

  it('a residency that no region with the model can meet: 422 says what was considered', async () => {
    const answer = await acme.post('/v1/sessions', { ...GALLERY, residency: 'eu', maxRttMs: 1 });
    expectProblem(answer, 422, 'no_eligible_region');
    expect(answer.body['considered']).toEqual(
      expect.arrayContaining([expect.objectContaining({ outcome: 'rejected' })]),
    );
    await expectNothingHeld();
  });

  it.each([
    ['garbage', '{"model": "gal', 400, 'malformed_json'],
    ['nothing', '', 400, 'malformed_json'],
    ['a poisoned prototype', '{"__proto__": {"model": "gallery"}}', 400, 'malformed_json'],
    ['10 MB', JSON.stringify({ ...GALLERY, metadata: { a: 'x'.repeat(10_000_000) } }), 413, 'body_too_large'],
  ])('%s as the body', async (_what, body, status, code) => {
    expectProblem(await acme.send('POST', '/v1/sessions', body), status, code);
    await expectNothingHeld();
  });

  it('a body that is not JSON by its type: 415', async () => {
    const answer = await acme.send('POST', '/v1/sessions', JSON.stringify(GALLERY), {
      'content-type': 'text/plain',
    });
    expectProblem(answer, 415, 'unsupported_media_type');
    await expectNothingHeld();
  });

  it('an idempotency key with control characters or too long: 400', async () => {
    const answer = await acme.post('/v1/sessions', GALLERY, { 'idempotency-key': 'k'.repeat(129) });
    expectProblem(answer, 400, 'invalid_request');
    expect(answer.body['errors']).toMatchObject([{ field: 'Idempotency-Key' }]);
    await expectNothingHeld();
  });

  it('the same idempotency key with another body: 422, and the first session stands alone', async () => {
    const first = await acme.post('/v1/sessions', GALLERY, { 'idempotency-key': 'k1' });
    expect(first.status).toBe(201);
    const other = await acme.post('/v1/sessions', { ...GALLERY, maxRttMs: 50 }, { 'idempotency-key': 'k1' });
    expectProblem(other, 422, 'idempotency_key_reused');
    const again = await acme.post('/v1/sessions', GALLERY, { 'idempotency-key': 'k1' });
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.body['id']).toBe(first.body['id']);
    expect(stores.regions.store(US_EAST).leases.size).toBe(1);
  });

  it('more sessions than the tenant may have: 429', async () => {
    await acme.post('/v1/sessions', GALLERY);
    const answer = await acme.post('/v1/sessions', GALLERY);
    expectProblem(answer, 429, 'session_quota_exceeded');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(stores.regions.store(US_EAST).leases.size).toBe(1);
  });

  describe("another tenant's session", () => {
    let id: string;
    let rival: HttpCaller;
    beforeEach(async () => {
      id = String((await acme.post('/v1/sessions', GALLERY)).body['id']);
      rival = await cp.tenant('Rival');
    });

    it.each(['GET /', 'DELETE /', 'GET /events', 'GET /usage'])(
      '%s is answered like one that does not exist',
      async (call) => {
        const [method = '', tail = ''] = call.split(' ');
        const suffix = tail === '/' ? '' : tail;
        const foreign = await rival.send(method, `/v1/sessions/${id}${suffix}`);
        const none = await rival.send(method, `/v1/sessions/ses_${'a'.repeat(26)}${suffix}`);
        expectProblem(foreign, 404, 'session_not_found');
        expect({ ...foreign.body, traceId: '' }).toEqual({ ...none.body, traceId: '' });
        expect((await acme.get(`/v1/sessions/${id}`)).body['state']).toBe('reserved');
        expect((await rival.get('/v1/sessions')).body).toEqual({ sessions: [] });
      },
    );

    it.each([
      ['ses_%00', 'session_not_found'],
      ['ses_..%2f..', 'session_not_found'],
      [`ses_${'a'.repeat(90)}`, 'session_not_found'],
      ['%E2%82%AC', 'session_not_found'],
    ])('an id such as %s names nothing', async (bad, code) => {
      expectProblem(await acme.get(`/v1/sessions/${bad}`), 404, code);
    });
  });

  describe('keys', () => {
    it.each([
      ['none', undefined, 'api_key_missing'],
      ['one that was never issued', `Bearer mk_${'a'.repeat(52)}`, 'api_key_invalid'],
      ['another scheme', 'Basic abc', 'api_key_missing'],
      ['a session id', `Bearer ses_${'a'.repeat(26)}`, 'api_key_invalid'],
    ])('%s: 401 with a challenge', async (_what, authorization, code) => {
      const answer = await cp.anonymous.get(
        '/v1/sessions',
        authorization === undefined ? {} : { authorization },
      );
      expectProblem(answer, 401, code);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="meridian"/);
    });

    it("a tenant's key opens no admin door, nor the admin key a tenant's", async () => {
      expectProblem(await acme.get('/admin/v1/tenants'), 401, 'api_key_invalid');
      expectProblem(await cp.admin.get('/v1/sessions'), 401, 'api_key_invalid');
    });

    it('a revoked key stops within 5 s', async () => {
      const { tenantId } = acme as HttpCaller & { tenantId: string };
      const { apiKeys } = (await cp.admin.get(`/admin/v1/tenants/${tenantId}/api-keys`)).body as {
        apiKeys: { id: string }[];
      };
      expect((await acme.get('/v1/sessions')).status).toBe(200);
      const revoked = await cp.admin.delete(`/admin/v1/tenants/${tenantId}/api-keys/${apiKeys[0]?.id}`);
      expect(revoked.status).toBe(204);
      clock.advance(5_000);
      expectProblem(await acme.get('/v1/sessions'), 401, 'api_key_invalid');
    });
  });

  describe('workers', () => {
    const workersNow = async () => (await cp.admin.get('/admin/v1/workers')).body['workers'];

    it.each([
      ['no secret', '', 'UNAUTHENTICATED', 'secret_missing'],
      ['a wrong secret', 'x'.repeat(40), 'UNAUTHENTICATED', 'secret_wrong'],
      ["another region's secret", SECRETS.eu, 'PERMISSION_DENIED', 'wrong_region'],
    ])('that register with %s are refused, and nothing is stored', async (_what, secret, status, code) => {
      const before = await workersNow();
      const answer = await cp.fleet.register({ workerId: 'us-east-9' }, secret);
      expect(answer).toMatchObject({ status, code, message: expect.stringMatching(/\.$/) });
      expect(await workersNow()).toEqual(before);
      expect(stores.regions.store(US_EAST).workers.size).toBe(1);
    });

    it('that beat with a wrong secret, or for a worker of another region, change nothing', async () => {
      const stolen = [{ sessionId: `ses_${'a'.repeat(26)}`, epoch: 1, seq: 1, activity: 2, endReason: '' }];
      expect(await cp.fleet.heartbeat(2, stolen, {}, 'x'.repeat(40))).toMatchObject({
        status: 'UNAUTHENTICATED',
      });
      expect(await cp.fleet.heartbeat(2, stolen, {}, SECRETS.eu)).toMatchObject({ status: 'NOT_FOUND' });
      await expectNothingHeld();
    });

    it('that send garbage, or more than 1 MiB, are refused', async () => {
      const garbage = await cp.fleet.raw('register', Uint8Array.from([0xff, 0xff, 0xff, 0x07]));
      expect(garbage).toMatchObject({ status: 'INTERNAL' });
      const large = await cp.fleet.raw('heartbeat', new Uint8Array(10_000_000));
      expect(large).toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
      expect(await cp.fleet.heartbeat(2)).toMatchObject({ drain: false });
    });

    it('that leave out a field are told which', async () => {
      expect(await cp.fleet.register({ workerId: 'us-east-9', gpuType: '' })).toMatchObject({
        status: 'INVALID_ARGUMENT',
        code: 'invalid_field',
        message: expect.stringContaining('gpuType'),
      });
    });

    it('of a region may not ask for sessions of another', async () => {
      const { id } = (await acme.post('/v1/sessions', GALLERY)).body;
      const request = { sessionId: String(id), lostEpoch: 1, lostWorkerId: 'us-east-1' };
      expect(await cp.fleet.replace(request, SECRETS.eu)).toMatchObject({
        status: 'NOT_FOUND',
        code: 'session_not_found',
      });
      expect((await acme.get(`/v1/sessions/${id}`)).body).toMatchObject({ epoch: 1, state: 'reserved' });
    });
  });
});
