import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Epoch, Session, WorkerId } from '@meridian/domain';
import {
  epoch,
  FakeSessionTokens,
  makeWorld,
  sessionId,
  US_EAST,
  workerId,
  type World,
} from '@meridian/testkit';
import { DEFAULT_POLICY } from '../policy.ts';

let world: World;
let session: Session;
const A = workerId('a');
const B = workerId('b');
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ workerId: A, slots: 1 });
  await world.addWorker({ workerId: B, slots: 1 });
  session = await opened();
  await world.connect(session);
  await world.pass(1_000);
});
const opened = async () => {
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const worker = (id: WorkerId) => {
  const found = world.fleet.find((w) => w.registration.workerId === id);
  if (!found) throw new Error(`no worker ${id}`);
  return found;
};
const replace = (lostEpoch: Epoch = epoch(1), lostWorkerId = A, planned = false) =>
  world.replaceSession({ sessionId: session.request.sessionId, lostEpoch, lostWorkerId, planned });
const current = () => world.sessions.find(session.request.sessionId);

describe('re-placing a session', () => {
  it('gives it another worker at the next epoch, and a token for that', async () => {
    worker(A).crash();
    const outcome = await replace();
    if (outcome.kind !== 'replaced') throw new Error(outcome.kind);
    expect(outcome.session).toMatchObject({ state: 'migrating', epoch: 2, lease: { workerId: B } });
    expect(outcome.session.lease).not.toHaveProperty('expiresAtMs');
    const claims = FakeSessionTokens.read(outcome.connection.token);
    expect(claims).toMatchObject({ epoch: 2, workerId: B, claimByMs: world.clock.nowMs() + 60_000 });
    expect(worker(B).connect(claims)).toBe(true);
    await world.pass(1_000);
    expect(await current()).toMatchObject({ state: 'active', epoch: 2 });
  });

  it('leaves the session what is left of its longest duration', async () => {
    await world.pass(4_000);
    const { firstActiveAtMs = NaN } = (await current()) ?? {};
    worker(A).crash();
    const outcome = await replace();
    if (outcome.kind !== 'replaced') throw new Error(outcome.kind);
    const { maxDurationMs } = FakeSessionTokens.read(outcome.connection.token);
    const playedMs = world.clock.nowMs() - firstActiveAtMs;
    expect(playedMs).toBeGreaterThan(3_000);
    expect(maxDurationMs).toBe(DEFAULT_POLICY.maxDurationMs - playedMs);
  });

  it('answers the same when it is asked again', async () => {
    worker(A).crash();
    await replace();
    expect(await replace()).toMatchObject({
      kind: 'replaced',
      session: { epoch: 2, lease: { workerId: B } },
    });
    expect(await world.sessions.events(session.request.sessionId, 0)).toHaveLength(5);
  });

  it('answers the same to two who ask at once, with one slot taken', async () => {
    worker(A).crash();
    const outcomes = await Promise.all([replace(), replace(), replace()]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ kind: 'replaced', session: { epoch: 2 } });
    expect(world.store(US_EAST).leases.size).toBe(1);
  });

  it('no longer offers a worker that does not answer, and does offer one that only the gateway lost', async () => {
    await replace();
    expect((await world.registry.list(US_EAST)).map((w) => w.health)).toEqual(['ready', 'ready']);
    worker(B).crash();
    await replace(epoch(2), B);
    expect((await world.registry.list(US_EAST)).map((w) => w.health)).toEqual(['ready', 'lost']);
  });

  it('ends the session when no slot is free', async () => {
    await opened();
    worker(A).crash();
    expect(await replace()).toMatchObject({ kind: 'ended', session: { endReason: 'worker_lost' } });
    expect(await replace()).toMatchObject({ kind: 'ended' });
  });

  it('takes a worker that is quarantined for its pace rather than none, unless the move was planned', async () => {
    await world.registry.setCadence(US_EAST, B, worker(B).registration.incarnation, {
      ...{ state: 'quarantined', quarantinedAtMs: 0, cooldownMs: 30_000, reason: '9 % late' },
    });
    expect(await replace(epoch(1), A, true)).toMatchObject({ kind: 'no_other_worker' });
    worker(A).crash();
    expect(await replace()).toMatchObject({ kind: 'replaced', session: { lease: { workerId: B } } });
  });

  it('goes before those who wait', async () => {
    const other = await opened();
    expect((await opened()).state).toBe('queued');
    await world.endSession({ sessionId: other.request.sessionId, reason: 'client_ended' });
    worker(A).crash();
    expect(await replace()).toMatchObject({ kind: 'replaced' });
  });

  it('does not end the session while the region is away: the gateway asks again (L4)', async () => {
    worker(A).crash();
    world.store(US_EAST).away = true;
    await expect(replace()).rejects.toThrow('does not answer');
    expect((await current())?.state).toBe('active');
    world.store(US_EAST).away = false;
    expect(await replace()).toMatchObject({ kind: 'replaced' });
  });

  it('holds one slot when the reply of the reservation is lost (L3)', async () => {
    worker(A).crash();
    world.fates.leases.next('transfer', 'reply-lost');
    world.fates.leases.next('find', 'refused');
    await expect(replace()).rejects.toThrow('does not answer');
    expect(await replace()).toMatchObject({ kind: 'replaced' });
    expect(world.store(US_EAST).leases.size).toBe(1);
  });

  it('stays with the model version its checkpoint belongs to', async () => {
    const pool = `${US_EAST}/h100/gallery@2.0.0` as Session['request']['model'] as never;
    await world.addWorker({ workerId: workerId('new'), pool, modelVersion: '2.0.0', slots: 4 });
    worker(A).crash();
    expect(await replace()).toMatchObject({ kind: 'replaced', session: { lease: { workerId: B } } });
  });

  it('knows no session that is not there, nor an epoch or worker it never had', async () => {
    expect(await replace(epoch(7))).toEqual({ kind: 'not_found' });
    expect(await replace(epoch(1), B)).toEqual({ kind: 'not_found' });
    const asked = { sessionId: sessionId('none'), lostEpoch: epoch(1), lostWorkerId: A, planned: false };
    expect(await world.replaceSession(asked)).toEqual({ kind: 'not_found' });
  });

  it('stops the old worker should it come back (L2)', async () => {
    await replace();
    await worker(A).beat();
    await worker(A).beat();
    expect(worker(A).running).toEqual([]);
    expect(await current()).toMatchObject({ state: 'migrating', epoch: 2 });
  });
});

describe('moving a session away from a worker that drains', () => {
  const move = (lostEpoch: Epoch = epoch(1), from = A) => replace(lostEpoch, from, true);
  const eventTypes = async () =>
    (await world.sessions.events(session.request.sessionId, 0)).map(({ event }) => event.type);

  it('gives it another worker at the next epoch, and says why', async () => {
    await world.drainWorker(A, true);
    expect(await move()).toMatchObject({ kind: 'replaced', session: { epoch: 2, lease: { workerId: B } } });
    const events = await world.sessions.events(session.request.sessionId, 0);
    expect(events.at(-2)?.event).toMatchObject({ type: 'migrating', reason: 'drain', lostWorkerId: A });
    expect(events.at(-1)?.event).toMatchObject({ type: 'migrated' });
  });

  it('neither asks whether the worker lives nor takes it for lost', async () => {
    world.workers.vanish(worker(A).registration.address);
    await world.drainWorker(A, true);
    await move();
    expect((await world.registry.list(US_EAST)).map((w) => w.health)).toEqual(['draining', 'ready']);
  });

  it('leaves it where it is when no other worker has room, and moves it once one has', async () => {
    const other = await opened();
    await world.drainWorker(A, true);
    const before = await current();
    expect(await move()).toMatchObject({ kind: 'no_other_worker' });
    expect(await current()).toEqual(before);
    await world.pass(5_000);
    expect(await current()).toMatchObject({ state: 'active', epoch: 1, lease: { workerId: A } });
    await world.endSession({ sessionId: other.request.sessionId, reason: 'client_ended' });
    expect(await move()).toMatchObject({ kind: 'replaced', session: { lease: { workerId: B } } });
  });

  it('never gives it a slot of the worker that it leaves, drained or not', async () => {
    worker(B).crash();
    await world.pass(4_000);
    expect(await move()).toMatchObject({ kind: 'no_other_worker' });
  });

  it('answers the same when it is asked again, or lost at the same time', async () => {
    const outcomes = await Promise.all([move(), replace(), move(), replace()]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ kind: 'replaced', session: { epoch: 2, lease: { workerId: B } } });
    }
    expect(await move()).toMatchObject({ kind: 'replaced', session: { epoch: 2 } });
    expect(world.store(US_EAST).leases.size).toBe(1);
    expect(await eventTypes()).toEqual(['reserved', 'connecting', 'active', 'migrating', 'migrated']);
  });

  it('has one answer when a planned and an unplanned move race for no room: it has ended', async () => {
    await opened();
    const [planned, lost] = await Promise.all([move(), replace()]);
    expect(['no_other_worker', 'ended']).toContain(planned.kind);
    expect(lost).toMatchObject({ kind: 'ended', session: { endReason: 'worker_lost' } });
    expect(await move()).toMatchObject({ kind: 'ended' });
  });

  it('throws while the region is away, and the session goes on (L4)', async () => {
    world.store(US_EAST).away = true;
    await expect(move()).rejects.toThrow('does not answer');
    expect((await current())?.state).toBe('active');
  });

  it('leaves the session where it is while the record has not taken the move, and makes it then (L4)', async () => {
    world.fates.sessions.next('append', 'refused');
    await expect(move()).rejects.toThrow('does not answer');
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(1_000);
      await worker(A).beat();
      expect(worker(A).running).toMatchObject([{ activity: 'active', epoch: 1 }]);
    }
    expect(await current()).toMatchObject({ state: 'active', epoch: 1 });
    expect(await move()).toMatchObject({ kind: 'replaced', session: { epoch: 2, lease: { workerId: B } } });
    await worker(A).beat();
    expect(worker(A).running).toEqual([]);
  });

  it('stops the old worker while the record is away, once the new one serves the session (L2)', async () => {
    const outcome = await move();
    if (outcome.kind !== 'replaced') throw new Error(outcome.kind);
    world.record.away = true;
    await worker(A).beat();
    expect(worker(A).running).toHaveLength(1);
    await world.connect(outcome.session);
    await worker(B).beat();
    await worker(A).beat();
    expect(worker(A).running).toEqual([]);
  });

  it('stops the old worker with its next heartbeat (L2), whose last counters count once (M1)', async () => {
    await world.pass(3_000);
    await world.drainWorker(A, true);
    const outcome = await move();
    if (outcome.kind !== 'replaced') throw new Error(outcome.kind);
    // Between the decision and the hand-over it is stepped on, and a heartbeat may say so.
    worker(A).play(80);
    world.clock.advance(80);
    await worker(A).beat();
    await world.flushMeters();
    expect(worker(A).running).toEqual([]);
    await world.connect(outcome.session);
    await world.pass(2_000);
    const id = session.request.sessionId;
    const { activeMs, frames } = worker(A).history.find((report) => report.sessionId === id) ?? {};
    await world.endSession({ sessionId: id, reason: 'client_ended' });
    await worker(A).beat();
    await world.flushMeters();
    const segments = await world.usage.segments(id);
    const of = (at: number) => segments.filter((segment) => segment.epoch === at);
    const sum = (counter: 'activeMs' | 'frames') => of(1).reduce((total, one) => total + one[counter], 0);
    expect([sum('activeMs'), sum('frames')]).toEqual([activeMs, frames]);
    expect(activeMs).toBeGreaterThan(3_000);
    expect(of(2).reduce((total, one) => total + one.activeMs, 0)).toBe(2_000);
    for (const [index, segment] of segments.entries()) {
      expect(segment.startsAtMs).toBeGreaterThanOrEqual(segments[index - 1]?.endsAtMs ?? 0);
    }
  });
});

describe('a session whose state cannot be moved', () => {
  const heavy = async (shape: { stateBytes?: number; rebuildMs?: number }) => {
    world = makeWorld();
    await world.addWorker({ workerId: A, slots: 1, ...shape });
    await world.addWorker({ workerId: B, slots: 1, ...shape });
    session = await opened();
    await world.connect(session);
    await world.pass(1_000);
  };

  it.each([
    [{ stateBytes: 5 * 1024 * 1024 }, 'its state of 5242880 bytes is larger'],
    [{ rebuildMs: 60_000 }, 'its state takes 60000 ms to build up again'],
  ])('goes on where it is on a drain, and ends with the reason on a loss: %j', async (shape, why) => {
    await heavy(shape);
    const stays = await replace(epoch(1), A, true);
    expect(stays).toMatchObject({ kind: 'not_movable', detail: expect.stringContaining(why) });
    expect(await current()).toMatchObject({ state: 'active', epoch: 1 });
    worker(A).crash();
    const ended = { state: 'ended', endReason: 'worker_lost', endDetail: expect.stringContaining(why) };
    expect(await replace()).toMatchObject({ kind: 'not_movable', session: ended });
    expect(await current()).toMatchObject(ended);
    expect(world.store(US_EAST).leases.size).toBe(0);
    expect((await world.registry.list(US_EAST)).map((w) => w.health)).toEqual(['lost', 'ready']);
  });

  it('is given another worker while nobody has claimed it', async () => {
    world = makeWorld();
    await world.addWorker({ workerId: A, slots: 1, stateBytes: 5 * 1024 * 1024 });
    await world.addWorker({ workerId: B, slots: 1, stateBytes: 5 * 1024 * 1024 });
    session = await opened();
    expect(await replace()).toMatchObject({ kind: 'replaced', session: { state: 'reserved', epoch: 2 } });
  });
});
