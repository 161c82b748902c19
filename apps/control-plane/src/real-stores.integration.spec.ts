// The control plane on real PostgreSQL and Redis, jobs included, as main.ts starts it.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionActivity } from '@meridian/protocol/worker';
import { readEvents } from './testing/event-reader.ts';
import type { HttpCaller } from './testing/http-caller.ts';
import { openRealStores, type RealStores } from './testing/real-stores.ts';
import { startRealControlPlane, type TestControlPlane } from './testing/test-control-plane.ts';

const GALLERY = { model: 'gallery', rttMs: { 'us-east': 12, 'eu-west': 90 } };

/** A database is made and migrated for each test. */
const SLOW_MS = 30_000;

describe('the control plane on real stores', () => {
  let real: RealStores;
  let cp: TestControlPlane;
  let acme: HttpCaller;

  const beat = (seq: number, id: string, activity: SessionActivity, endReason = '') =>
    cp.fleet.heartbeat(seq, [
      {
        sessionId: id,
        epoch: 1,
        seq,
        activity,
        endReason,
        activeMs: seq * 1_000,
        frames: seq * 25,
        lateFrames: 0,
      },
    ]);

  beforeEach(async () => {
    real = await openRealStores([12, 13]);
    cp = await startRealControlPlane(real.config, real.stores);
    acme = await cp.tenant('Acme');
    await cp.fleet.register();
    await cp.fleet.heartbeat(1);
  }, SLOW_MS);
  afterEach(async () => {
    await cp.close();
    await real.drop();
  });

  it('places, follows, ends and prices a session', async () => {
    const opened = await acme.post('/v1/sessions', GALLERY, { 'idempotency-key': 'k1' });
    expect([opened.status, opened.body]).toMatchObject([201, { state: 'reserved', region: 'us-east' }]);
    const replayed = await acme.post('/v1/sessions', GALLERY, { 'idempotency-key': 'k1' });
    expect([replayed.status, replayed.body['id']]).toEqual([200, opened.body['id']]);
    const id = String(opened.body['id']);
    const events = readEvents(await acme.fetch(`/v1/sessions/${id}/events`));
    expect(await events.next()).toMatchObject({ event: 'reserved' });
    await beat(2, id, SessionActivity.ACTIVE);
    expect(await events.next()).toMatchObject({ event: 'connecting' });
    expect(await events.next()).toMatchObject({ event: 'active' });
    expect(await events.next()).toMatchObject({ event: 'usage', data: { activeMs: 2_000 } });
    expect(await beat(3, id, SessionActivity.ENDED, 'idle')).toMatchObject({ acknowledgedSessionIds: [id] });
    for (let event = await events.next(); event?.event !== 'ended'; event = await events.next()) {
      expect(event?.event).toBe('usage');
    }
    const usage = await acme.get(`/v1/sessions/${id}/usage`);
    expect(usage.body).toMatchObject({
      final: true,
      activeMs: 3_000,
      frames: 75,
      costNano: '1000000',
      currency: 'GBP',
    });
    const { pools } = (await cp.admin.get('/admin/v1/pools')).body;
    expect(pools).toMatchObject([{ usedSlots: 0 }]);
  });

  it('tells a session that its worker was lost, and offers the slot to nobody', async () => {
    const { id } = (await acme.post('/v1/sessions', GALLERY)).body;
    await beat(2, String(id), SessionActivity.ACTIVE);
    const events = readEvents(await acme.fetch(`/v1/sessions/${id}/events`));
    let event = await events.next();
    while (event && event.event !== 'migrating') event = await events.next();
    expect(event).toMatchObject({ event: 'migrating' });
    await events.cancel();
    const next = await acme.post('/v1/sessions', GALLERY);
    expect(next.body).toMatchObject({ state: 'queued' });
  });

  it('gives a waiting session the slot that becomes free', async () => {
    const first = (await acme.post('/v1/sessions', GALLERY)).body;
    await acme.post('/v1/sessions', GALLERY);
    const waiting = (await acme.post('/v1/sessions', GALLERY)).body;
    expect(waiting).toMatchObject({ state: 'queued', queue: { position: 1 } });
    const events = readEvents(await acme.fetch(`/v1/sessions/${waiting['id']}/events`));
    await acme.delete(`/v1/sessions/${first['id']}`);
    await cp.fleet.heartbeat(2);
    let event = await events.next();
    while (event && event.event !== 'reserved') event = await events.next();
    expect(event).toMatchObject({ data: { session: { state: 'reserved', connection: expect.any(Object) } } });
    await events.cancel();
  });

  it('takes text that SQL or JSON could trip over, and refuses what no store can keep', async () => {
    const metadata = { "'; DROP TABLE sessions; --": '\\u0000 "quoted" \n\t 🙂' };
    const { id } = (await acme.post('/v1/sessions', { ...GALLERY, metadata })).body;
    expect((await acme.get(`/v1/sessions/${id}`)).body).toMatchObject({ metadata });
    for (const cursor of ['AAAA', 'MSBzZXNfAA', '%F0%9F%99%82']) {
      expect((await acme.get(`/v1/sessions?cursor=${cursor}`)).status).toBeLessThan(500);
    }
  });

  it('adds the fleet up: sessions and idle time make the bill', async () => {
    const { body, status } = await cp.admin.get('/admin/v1/fleet/cost');
    expect(status).toBe(200);
    const { billNano, sessionNano, idleNano } = body as Record<string, string>;
    expect(BigInt(sessionNano ?? -1) + BigInt(idleNano ?? -1)).toBe(BigInt(billNano ?? -2));
  });
});
