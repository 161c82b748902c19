// Why a session runs where it runs, as a tenant and an operator read it; and sessions that are opened together.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@meridian/testkit';
import { fakeStores, type FakeStores } from './testing/fake-stores.ts';
import type { HttpCaller } from './testing/http-caller.ts';
import { startTestControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

const RTT_MS = { 'us-east': 12, 'eu-west': 90 };
const GALLERY = { model: 'gallery', rttMs: RTT_MS };

interface Entry {
  readonly actor: string;
  readonly action: string;
  readonly region?: string;
  readonly detail: Record<string, unknown>;
}

let clock: VirtualClock;
let stores: FakeStores;
let cp: TestControlPlane;
let acme: HttpCaller;

beforeEach(async () => {
  clock = new VirtualClock();
  stores = fakeStores(clock);
  cp = await startTestControlPlane(clock, stores);
  acme = await cp.tenant('Acme', 100);
  await cp.fleet.register();
  await cp.fleet.heartbeat(1);
});
afterEach(() => cp.close());

const audit = async (query = ''): Promise<Entry[]> =>
  (await cp.admin.get(`/admin/v1/audit${query}`)).body['entries'] as Entry[];

describe('the reasons of a placement', () => {
  it('are kept with the session: candidates with their scores, and who could not take it', async () => {
    const { body } = await acme.post('/v1/sessions', { ...GALLERY, gpus: 0.5, priority: 'high' });
    const answer = await acme.get(`/v1/sessions/${body['id']}/placements`);
    expect(answer.body).toMatchObject({
      placements: [
        {
          ...{ what: 'reserved', epoch: 1, region: 'us-east', workerId: 'us-east-1' },
          why: {
            ...{ decidedAt: new Date(clock.nowMs()).toISOString(), waitedMs: 0, policy: 'default' },
            candidates: [{ region: 'us-east', rttMs: 12, rttEstimated: false, feasible: true }],
            refused: [{ region: 'eu-west', code: 'model_not_served' }],
          },
        },
      ],
    });
  });

  it('are told to its tenant alone (S1)', async () => {
    const { body } = await acme.post('/v1/sessions', GALLERY);
    const other = await cp.tenant('Other');
    const answer = await other.get(`/v1/sessions/${body['id']}/placements`);
    expect([answer.status, answer.body['code']]).toEqual([404, 'session_not_found']);
  });

  it('are in the audit log, beside what was refused and what operators did', async () => {
    const { body } = await acme.post('/v1/sessions', GALLERY);
    await acme.post('/v1/sessions', { ...GALLERY, residency: 'eu' });
    await cp.admin.post('/admin/v1/workers/us-east-1/drain', { drain: true });
    await cp.admin.post('/admin/v1/workers/nobody/drain', { drain: true });
    const entries = await audit(`?from=${new Date(clock.nowMs() - 1).toISOString()}`);
    const drain = 'POST /admin/v1/workers/:workerId/drain';
    expect(entries.map(({ actor, action }) => [actor, action])).toEqual(
      expect.arrayContaining([
        ['meridian', 'session.reserved'],
        [expect.stringMatching(/^ten_/), 'session.refused'],
        ['operator', drain],
      ]),
    );
    expect(entries.filter(({ action }) => action === drain)).toHaveLength(1);
    expect(entries.find(({ action }) => action === drain)?.detail).toMatchObject({
      ...{ params: { workerId: 'us-east-1' }, body: { drain: true } },
    });
    expect(entries.find(({ action }) => action === 'session.refused')?.detail).toMatchObject({
      ...{ code: 'no_eligible_region', asked: { model: 'gallery', residency: 'eu' } },
    });
    const [placed] = await audit(`?sessionId=${body['id']}`);
    expect(placed).toMatchObject({ action: 'session.reserved', region: 'us-east', detail: { why: {} } });
  });

  it('never hold a secret', async () => {
    const { body } = await cp.admin.post('/admin/v1/tenants', { name: 'New' });
    const key = await cp.admin.post(`/admin/v1/tenants/${body['id']}/api-keys`, { name: 'ci' });
    expect(key.body['secret']).toMatch(/^mk_/);
    expect(JSON.stringify(await audit())).not.toContain(key.body['secret']);
  });

  it('are asked for a span of time that makes one', async () => {
    const answer = await cp.admin.get(
      '/admin/v1/audit?from=2026-01-02T00:00:00.000Z&to=2026-01-01T00:00:00.000Z',
    );
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toEqual([expect.objectContaining({ field: 'from' })]);
  });
});

describe('a group', () => {
  const group = (members: number) => ({
    model: 'gallery',
    members: Array.from({ length: members }, (_, i) => ({ rttMs: RTT_MS, metadata: { seat: `${i}` } })),
  });

  it('is opened in one region, each session with its own token, in the order that was asked', async () => {
    const answer = await acme.post('/v1/session-groups', group(2), { 'idempotency-key': 'party' });
    expect(answer.status).toBe(201);
    const sessions = answer.body['sessions'] as { id: string; region: string; metadata: { seat: string } }[];
    expect(sessions.map(({ region, metadata }) => [region, metadata.seat])).toEqual([
      ['us-east', '0'],
      ['us-east', '1'],
    ]);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(2);
    expect((await acme.get(`/v1/session-groups/${answer.body['id']}`)).body).toMatchObject({
      sessions: sessions.map(({ id }) => ({ id, connection: { token: expect.any(String) } })),
    });
    const again = await acme.post('/v1/session-groups', group(2), { 'idempotency-key': 'party' });
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.body['id']).toBe(answer.body['id']);
  });

  it('is refused whole when there is no room for all, and holds nothing', async () => {
    const answer = await acme.post('/v1/session-groups', group(16));
    expect([answer.status, answer.body['code']]).toEqual([503, 'no_room_for_group']);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await acme.get('/v1/sessions')).body['sessions']).toEqual([]);
    expect([...stores.regions.all.flatMap(({ leases }) => [...leases.values()])]).toEqual([]);
  });

  it('is told what is wrong with a member', async () => {
    const answer = await acme.post('/v1/session-groups', { model: 'gallery', members: [{ gpus: -1 }] });
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid_request']);
    expect(answer.body['errors']).toEqual([expect.objectContaining({ field: 'members.0.gpus' })]);
    const none = await acme.post('/v1/session-groups', { model: 'gallery', members: [] });
    expect(none.body['errors']).toEqual([expect.objectContaining({ field: 'members' })]);
  });

  it('of another tenant is not there (S1)', async () => {
    const { body } = await acme.post('/v1/session-groups', group(1));
    const answer = await (await cp.tenant('Other')).get(`/v1/session-groups/${body['id']}`);
    expect([answer.status, answer.body['code']]).toEqual([404, 'group_not_found']);
  });
});
