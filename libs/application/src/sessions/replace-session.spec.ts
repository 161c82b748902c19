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
const replace = (lostEpoch: Epoch = epoch(1), lostWorkerId = A) =>
  world.replaceSession({ sessionId: session.request.sessionId, lostEpoch, lostWorkerId });
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
    const asked = { sessionId: sessionId('none'), lostEpoch: epoch(1), lostWorkerId: A };
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
