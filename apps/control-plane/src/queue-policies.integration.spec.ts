// What an operator says about the queue over the admin API, and what it does to those who open sessions.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@meridian/testkit';
import { decodeJwt } from 'jose';
import { fakeStores } from './testing/fake-stores.ts';
import type { HttpCaller } from './testing/http-caller.ts';
import { startTestControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

const GALLERY = { model: 'gallery', rttMs: { 'us-east': 60 } };
const PATH = '/admin/v1/models/gallery/policy';
const STEPS = [
  { afterMs: 0, maxRttMs: 50 },
  { afterMs: 30_000, maxRttMs: 100 },
  { afterMs: 90_000, maxRttMs: null },
];

let clock: VirtualClock;
let cp: TestControlPlane;
let acme: HttpCaller & { readonly tenantId: string };

beforeEach(async () => {
  clock = new VirtualClock();
  cp = await startTestControlPlane(clock, fakeStores(clock));
  acme = await cp.tenant('Acme');
  await cp.fleet.register();
  await cp.fleet.heartbeat(1);
});
afterEach(() => cp.close());

const put = (body: unknown) => cp.admin.send('PUT', PATH, JSON.stringify(body));

describe('a model’s placement policy', () => {
  it('is the default until one is put, and after it was removed', async () => {
    const byDefault = {
      ...{ model: 'gallery', source: 'default', targetActionToFrameMs: 80 },
      ...{ latencySteps: [], maxWaitMs: 600_000 },
      ...{ holdMs: 30_000, idleMs: 300_000, maxDurationMs: 7_200_000 },
    };
    expect((await cp.admin.get(PATH)).body).toEqual(byDefault);
    const given = { ...byDefault, source: 'model', latencySteps: STEPS, updatedAt: expect.any(String) };
    expect(await put({ latencySteps: STEPS })).toMatchObject({ status: 200, body: given });
    expect((await cp.admin.get(PATH)).body).toEqual(given);
    expect((await cp.admin.delete(PATH)).status).toBe(204);
    expect((await cp.admin.delete(PATH)).status).toBe(204);
    expect((await cp.admin.get(PATH)).body).toEqual(byDefault);
  });

  it('limits the sessions of the model, which their tokens say', async () => {
    const limits = { holdMs: 5_000, maxDurationMs: 60_000 };
    expect((await put(limits)).body).toMatchObject({ ...limits, idleMs: 300_000, targetActionToFrameMs: 80 });
    expect((await cp.admin.get(PATH)).body).toMatchObject({ ...limits, idleMs: 300_000 });
    clock.advance(6_000);
    await cp.fleet.heartbeat(2);
    const { connection } = (await acme.post('/v1/sessions', GALLERY)).body as {
      connection: { token: string };
    };
    expect(decodeJwt(connection.token)['mer']).toMatchObject({ ...limits, idleMs: 300_000 });
  });

  it('is for operators alone', async () => {
    expect((await acme.get(PATH)).status).toBe(401);
    expect((await acme.send('PUT', PATH, '{}')).status).toBe(401);
  });

  it('is in force within 5 s: who is too far away waits', async () => {
    expect((await acme.post('/v1/sessions', GALLERY)).body['state']).toBe('reserved');
    await put({ latencySteps: STEPS });
    clock.advance(5_001);
    await cp.fleet.heartbeat(2);
    expect((await acme.post('/v1/sessions', GALLERY)).body['state']).toBe('queued');
  });

  it.each([
    [
      'a cap that is no number',
      { latencySteps: [{ afterMs: 0, maxRttMs: 'far' }] },
      'latencySteps.0.maxRttMs',
    ],
    ['a first step that comes late', { latencySteps: [{ afterMs: 5, maxRttMs: 50 }] }, 'latencySteps.0'],
    ['steps that narrow', { latencySteps: STEPS.toReversed() }, 'latencySteps.0'],
    ['the same step twice', { latencySteps: [STEPS[0], STEPS[0]] }, 'latencySteps.1'],
    ['patience below nought', { maxWaitMs: -1 }, 'maxWaitMs'],
    ['a hold of under a second', { holdMs: 999 }, 'holdMs'],
    ['a hold of over ten minutes', { holdMs: 600_001 }, 'holdMs'],
    ['an idle time that is no number', { idleMs: '5m' }, 'idleMs'],
    ['a duration of over a week', { maxDurationMs: 604_800_001 }, 'maxDurationMs'],
    ['a duration of half a millisecond more', { maxDurationMs: 60_000.5 }, 'maxDurationMs'],
    ['a target of nothing', { targetActionToFrameMs: 0 }, 'targetActionToFrameMs'],
    ['a misspelt field', { maxWait: 1 }, 'maxWait'],
  ])('%s: 400 names the field and the fix', async (_what, body, field) => {
    const answer = await put(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((answer.body['errors'] as object[])[0]).toEqual({
      field,
      message: expect.any(String),
      fix: expect.stringMatching(/.../),
    });
    expect((await cp.admin.get(PATH)).body['source']).toBe('default');
  });

  it('of what is no name of a model is refused', async () => {
    const answer = await cp.admin.get(`/admin/v1/models/${encodeURIComponent('no model')}/policy`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'model' }] } });
  });
});

describe('patience', () => {
  it('that the expected wait exceeds: 503 at once, with place, wait and when to come again', async () => {
    for (let i = 0; i < 2; i += 1) await acme.post('/v1/sessions', GALLERY);
    const answer = await acme.post('/v1/sessions', { ...GALLERY, maxWaitMs: 5_000 });
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'queue_wait_too_long', position: 1, maxWaitMs: 5_000 },
    });
    const expectedWaitMs = Number(answer.body['expectedWaitMs']);
    expect(expectedWaitMs).toBeGreaterThan(5_000);
    expect(answer.headers.get('retry-after')).toBe(String(Math.ceil((expectedWaitMs - 5_000) / 1_000)));
    const audit = (await cp.admin.get('/admin/v1/audit')).text;
    expect(audit).toContain('wait_too_long');
    expect((await acme.post('/v1/sessions', GALLERY)).body['state']).toBe('queued');
  });
});

describe('a tenant’s weight', () => {
  it('is 1 until it is told, and at least that', async () => {
    const path = `/admin/v1/tenants/${acme.tenantId}`;
    expect((await cp.admin.get(path)).body['weight']).toBe(1);
    const change = (weight: number) => cp.admin.send('PATCH', path, JSON.stringify({ weight }));
    expect((await change(3)).body).toMatchObject({ weight: 3, maxSessions: 10 });
    expect((await cp.admin.get(path)).body['weight']).toBe(3);
    for (const weight of [0, -1, 1.5, 1e9]) {
      expect(await change(weight)).toMatchObject({ status: 400, body: { errors: [{ field: 'weight' }] } });
    }
    const heavy = await cp.admin.post('/admin/v1/tenants', { name: 'Heavy', weight: 2 });
    expect(heavy.body).toMatchObject({ weight: 2, maxSessions: 100 });
  });
});
