// A session's way through the control plane, as a client, a worker and a gateway see it.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { US_EAST, VirtualClock } from '@meridian/testkit';
import { DescribeResponse, SessionActivity } from '@meridian/protocol/worker';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { fakeStores, type FakeStores } from './testing/fake-stores.ts';
import { readEvents } from './testing/event-reader.ts';
import type { HttpCaller } from './testing/http-caller.ts';
import { startTestControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

const GALLERY = { model: 'gallery', rttMs: { 'us-east': 12, 'eu-west': 90 }, metadata: { player: 'p-17' } };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

interface SessionJson {
  readonly id: string;
  readonly state: string;
  readonly connection?: {
    token: string;
    streamUrl: string;
    grpcAddress: string;
    alternatives: { streamUrl: string; grpcAddress: string }[];
    claimBy: string;
    traceparent: string;
  };
}

describe('a session', () => {
  let clock: VirtualClock;
  let stores: FakeStores;
  let cp: TestControlPlane;
  let acme: HttpCaller;

  const open = async (headers: Record<string, string> = {}) =>
    (await acme.post('/v1/sessions', GALLERY, headers)).body as unknown as SessionJson;
  const read = async (id: string) => (await acme.get(`/v1/sessions/${id}`)).body as unknown as SessionJson;
  const report = (id: string, seq: number, activity: SessionActivity, endReason = '') => ({
    ...{ sessionId: id, epoch: 1, seq, activity, endReason },
    ...{ activeMs: seq * 1_000, frames: seq * 25, lateFrames: 0 },
  });

  beforeEach(async () => {
    clock = new VirtualClock();
    stores = fakeStores(clock);
    cp = await startTestControlPlane(clock, stores);
    acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
  });
  afterEach(() => cp.close());

  it('is placed, and the answer says where, why, and with which token', async () => {
    const answer = await acme.post('/v1/sessions', GALLERY);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/v1/sessions/${answer.body['id']}`);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^ses_[a-z2-7]{26}$/),
      state: 'reserved',
      model: 'gallery',
      modelVersion: '1.0.0',
      region: 'us-east',
      metadata: { player: 'p-17' },
      epoch: 1,
      placement: {
        workerId: 'us-east-1',
        considered: expect.arrayContaining([
          expect.objectContaining({ region: 'us-east', outcome: 'chosen' }),
        ]),
      },
      connection: {
        streamUrl: expect.stringMatching(/^ws:\/\/us-east-[12]\.example\.org:4410\/v1\/play$/),
        grpcAddress: expect.stringMatching(/^us-east-[12]\.example\.org:4411$/),
        claimBy: new Date(clock.nowMs() + 60_000).toISOString(),
      },
    });
  });

  it('names every gateway of its region once, in an order of its own that stays', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 12; i += 1) {
      const { id, connection } = await open();
      const { streamUrl = '', grpcAddress = '', alternatives = [] } = connection ?? {};
      const all = [{ streamUrl, grpcAddress }, ...alternatives];
      expect(all.map((one) => one.grpcAddress).toSorted()).toEqual([
        'us-east-1.example.org:4411',
        'us-east-2.example.org:4411',
      ]);
      for (const one of all) {
        expect(one.streamUrl).toBe(`ws://${one.grpcAddress.replace(/4411$/, '4410')}/v1/play`);
      }
      expect((await read(id)).connection).toMatchObject({ streamUrl, grpcAddress, alternatives });
      seen.add(grpcAddress);
      await acme.delete(`/v1/sessions/${id}`);
    }
    expect(seen.size).toBe(2);
  });

  it('has a token that anyone can check with the published keys', async () => {
    const { id, connection } = await open();
    const keys = await cp.anonymous.get('/.well-known/jwks.json');
    expect(keys.headers.get('cache-control')).toContain('max-age=300');
    const { payload } = await jwtVerify(
      connection?.token ?? '',
      createLocalJWKSet(keys.body as unknown as JSONWebKeySet),
      { issuer: 'meridian', audience: 'meridian-gateway', currentDate: new Date(clock.nowMs()) },
    );
    expect(payload).toMatchObject({
      sub: id,
      mer: {
        region: 'us-east',
        workerId: 'us-east-1',
        workerAddress: 'us-east-1.example.org:5000',
        epoch: 1,
        slot: 0,
      },
    });
  });

  it('carries the trace of its open into its connection and the log', async () => {
    const { id, connection } = await open({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
    expect(connection?.traceparent.split('-')[1]).toBe(TRACE);
    expect((await read(id)).connection?.traceparent.split('-')[1]).toBe(TRACE);
    expect(cp.logLines).toContainEqual(
      expect.objectContaining({ traceId: TRACE, route: '/v1/sessions', status: 201 }),
    );
    expect(JSON.stringify(cp.logLines)).not.toContain(connection?.token);
  });

  it('follows what its worker says, and its events are told by SSE with usage between them', async () => {
    const { id } = await open();
    const events = readEvents(await acme.fetch(`/v1/sessions/${id}/events`));
    expect(await events.next()).toMatchObject({ id: '1', event: 'reserved', data: { session: { id } } });
    await cp.fleet.heartbeat(2, [report(id, 1, SessionActivity.CONNECTING)]);
    expect(await events.next()).toMatchObject({ id: '2', event: 'connecting' });
    await cp.fleet.heartbeat(3, [report(id, 2, SessionActivity.ACTIVE)]);
    expect(await events.next()).toMatchObject({ id: '3', event: 'active' });
    expect(await events.next()).toMatchObject({
      event: 'usage',
      data: { sessionId: id, activeMs: 2_000, currency: 'GBP' },
    });
    clock.advance(1_000);
    const beat = await cp.fleet.heartbeat(4, [report(id, 3, SessionActivity.ENDED, 'idle')]);
    expect(beat).toMatchObject({ acknowledgedSessionIds: [id] });
    expect(await events.next()).toMatchObject({
      id: '4',
      event: 'ended',
      data: { session: { endReason: 'idle' } },
    });
    expect(await events.next()).toBeUndefined();
  });

  it('resumes its events after Last-Event-ID, and says 204 when the end was told', async () => {
    const { id } = await open();
    await acme.delete(`/v1/sessions/${id}`);
    const events = readEvents(
      await acme.fetch(`/v1/sessions/${id}/events`, { headers: { 'last-event-id': '1' } }),
    );
    expect(await events.next()).toMatchObject({ id: '2', event: 'ended' });
    expect(await events.next()).toBeUndefined();
    expect((await acme.get(`/v1/sessions/${id}/events`, { 'last-event-id': '2' })).status).toBe(204);
    expect((await acme.get(`/v1/sessions/${id}/events`, { 'last-event-id': 'x' })).status).toBe(400);
  });

  it('ends once, frees its slot, and keeps what it cost', async () => {
    const { id } = await open();
    cp.workers.listen('us-east-1.example.org:5000', () => ({
      ...{ sessionId: id as never, epoch: 1 as never, startedUs: 1, seq: 9, activity: 'ended' },
      ...{ activeMs: 3_600, frames: 90, lateFrames: 1, endReason: 'client_ended' },
    }));
    await cp.fleet.heartbeat(2, [report(id, 1, SessionActivity.ACTIVE)]);
    clock.advance(5_000);
    const ended = await acme.delete(`/v1/sessions/${id}`);
    expect([ended.status, ended.body]).toMatchObject([200, { state: 'ended', endReason: 'client_ended' }]);
    expect(ended.body).not.toHaveProperty('connection');
    const again = await acme.delete(`/v1/sessions/${id}`);
    expect(again.body).toEqual(ended.body);
    expect(stores.regions.store(US_EAST).leases.size).toBe(0);
    const usage = await acme.get(`/v1/sessions/${id}/usage`);
    // 3,600 ms of one of 2 slots at £2.40 per GPU hour.
    expect(usage.body).toMatchObject({
      final: true,
      activeMs: 3_600,
      frames: 90,
      costNano: '1200000',
      poundsPerUserHour: 1.2,
    });
  });

  it('waits in the queue when all slots are taken, and hears its place', async () => {
    await open();
    await open();
    const third = await acme.post('/v1/sessions', GALLERY);
    expect(third.body).toMatchObject({ state: 'queued', queue: { position: 1, etaMs: expect.any(Number) } });
    expect(third.body).not.toHaveProperty('connection');
    const response = await acme.fetch(`/v1/sessions/${third.body['id']}/events`);
    const events = readEvents(response);
    expect(await events.next()).toMatchObject({ id: '1', event: 'queued' });
    expect(await events.next()).toMatchObject({ event: 'queue', data: { position: 1 } });
    await events.cancel();
  });

  it('lists with filters and pages', async () => {
    await open();
    clock.advance(1);
    const { id } = await open();
    await acme.delete(`/v1/sessions/${id}`);
    expect((await acme.get('/v1/sessions?state=ended')).body).toMatchObject({ sessions: [{ id }] });
    const first = (await acme.get('/v1/sessions?limit=1')).body;
    expect(first).toMatchObject({ sessions: [{ id }], nextCursor: expect.any(String) });
    const next = await acme.get(
      `/v1/sessions?limit=1&cursor=${encodeURIComponent(String(first['nextCursor']))}`,
    );
    expect((next.body['sessions'] as object[]).length).toBe(1);
    expect((await acme.get('/v1/sessions?state=gone')).status).toBe(400);
    expect((await acme.get('/v1/sessions?limit=0')).status).toBe(400);
    expect((await acme.get('/v1/sessions?order=up')).status).toBe(400);
  });

  it('is given another worker when the gateway has lost its own', async () => {
    await cp.fleet.register({ workerId: 'us-east-2' });
    await cp.fleet.heartbeat(1, [], { workerId: 'us-east-2' });
    const { id } = await open();
    const { placement } = (await acme.get(`/v1/sessions/${id}`)).body as { placement: { workerId: string } };
    const other = placement.workerId === 'us-east-1' ? 'us-east-2' : 'us-east-1';
    await cp.fleet.heartbeat(2, [report(id, 1, SessionActivity.ACTIVE)], { workerId: placement.workerId });
    const request = { sessionId: id, lostEpoch: 1, lostWorkerId: placement.workerId };
    const answer = await cp.fleet.replace(request);
    expect(answer).toMatchObject({ epoch: 2, sessionToken: expect.stringMatching(/^eyJ/) });
    expect(await cp.fleet.replace(request)).toMatchObject({ epoch: 2 });
    expect((await acme.get(`/v1/sessions/${id}`)).body).toMatchObject({
      epoch: 2,
      placement: { workerId: other },
    });
  });

  it('has ended when no other worker has room', async () => {
    const { id } = await open();
    await cp.fleet.heartbeat(2, [report(id, 1, SessionActivity.ACTIVE)]);
    const answer = await cp.fleet.replace({ sessionId: id, lostEpoch: 1, lostWorkerId: 'us-east-1' });
    expect(answer).toMatchObject({ status: 'RESOURCE_EXHAUSTED', code: 'worker_lost' });
    expect(await read(id)).toMatchObject({ state: 'ended', endReason: 'worker_lost' });
  });

  describe('on a worker that drains', () => {
    const WORKER = { lostEpoch: 1, lostWorkerId: 'us-east-1', planned: true };
    const workers = async () =>
      (await cp.admin.get('/admin/v1/workers')).body['workers'] as Record<string, unknown>[];
    let id: string;
    beforeEach(async () => {
      ({ id } = await open());
      await cp.fleet.heartbeat(2, [report(id, 1, SessionActivity.ACTIVE)]);
      await cp.admin.post('/admin/v1/workers/us-east-1/drain', { drain: true });
    });

    it('goes on there while no other has room, and the fleet shows what is left', async () => {
      expect(await cp.fleet.replace({ sessionId: id, ...WORKER })).toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
        code: 'no_other_worker',
      });
      expect(await read(id)).toMatchObject({ state: 'active', epoch: 1 });
      expect(await workers()).toMatchObject([
        { health: 'draining', sessions: 1, stateBytes: 1_000, rebuildMs: 0 },
      ]);
    });

    it('moves when one has room; its events say why, and the old worker is told to stop', async () => {
      await cp.fleet.register({ workerId: 'us-east-2' });
      await cp.fleet.heartbeat(1, [], { workerId: 'us-east-2' });
      const request = { sessionId: id, ...WORKER };
      expect(await cp.fleet.replace(request)).toMatchObject({ epoch: 2 });
      expect(await cp.fleet.replace(request)).toMatchObject({ epoch: 2 });
      const events = readEvents(
        await acme.fetch(`/v1/sessions/${id}/events`, { headers: { 'last-event-id': '3' } }),
      );
      expect(await events.next()).toMatchObject({ event: 'migrating', data: { reason: 'drain' } });
      expect(await events.next()).toMatchObject({ event: 'migrated' });
      const beat = await cp.fleet.heartbeat(3, [report(id, 2, SessionActivity.ACTIVE)]);
      expect(beat).toMatchObject({ drain: true, stop: [{ sessionId: id, epoch: 1, endReason: '' }] });
      expect((await workers())[0]).toMatchObject({ health: 'draining', sessions: 0, usedSlots: 0 });
    });

    it('whose state cannot be moved goes on there, and ends with the reason when the worker is lost', async () => {
      const describe = DescribeResponse.fromPartial({
        ...{
          workerId: 'us-east-2',
          model: 'gallery',
          modelVersion: '1.0.0',
          frameWidth: 128,
          frameHeight: 72,
        },
        ...{ framesPerSecond: 25, actions: ['forward'], stateBytes: 8_388_608, rebuildMs: 900, slots: 2 },
      });
      await cp.fleet.register({ workerId: 'us-east-2', describe });
      await cp.fleet.heartbeat(1, [], { workerId: 'us-east-2' });
      clock.advance(1_500);
      expect((await workers())[1]).toMatchObject({ stateBytes: 8_388_608, rebuildMs: 900 });
      const refused = { status: 'FAILED_PRECONDITION', code: 'state_not_movable' };
      const lost = { sessionId: id, ...WORKER };
      expect(await cp.fleet.replace(lost)).toMatchObject(refused);
      expect(await read(id)).toMatchObject({ state: 'active', epoch: 1 });
      expect(await cp.fleet.replace({ ...lost, planned: false })).toMatchObject(refused);
      const endDetail = expect.stringContaining('its state of 8388608 bytes');
      expect(await read(id)).toMatchObject({ state: 'ended', endReason: 'worker_lost', endDetail });
    });
  });
});
