import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Incarnation, Session } from '@meridian/domain';
import { EU_WEST, makeWorld, US_EAST, workerId, type World } from '@meridian/testkit';
import { makeStoreWatch } from './store-watch.ts';

let world: World;
const A = workerId('a');
const B = workerId('b');
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ workerId: A, slots: 1 });
  await world.pass(5_000);
});
const open = async (): Promise<Session> => {
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const now = (session: Session) => world.sessions.find(session.request.sessionId);

describe('a worker that died', () => {
  it('is noticed within 3 s, and its slots are not offered again', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(1_000);
    world.fleet[0]?.crash();
    await world.pass(3_000);
    expect((await now(session))?.state).toBe('migrating');
    expect((await open()).state).toBe('queued');
  });

  it('leaves a session that nobody had claimed to another worker', async () => {
    const session = await open();
    await world.addWorker({ workerId: B });
    world.fleet[0]?.crash();
    await world.pass(3_000);
    expect(await now(session)).toMatchObject({ state: 'reserved', epoch: 2, lease: { workerId: B } });
    const current = await now(session);
    expect(current && (await world.connect(current))).toBe(true);
  });

  it('ends a session that nobody had claimed when there is no other', async () => {
    const session = await open();
    world.fleet[0]?.crash();
    await world.pass(3_000);
    expect(await now(session)).toMatchObject({ state: 'ended', endReason: 'worker_lost' });
  });

  it('and was started again has lost its sessions at once', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(1_000);
    world.fleet[0]?.crash();
    await world.addWorker({ workerId: A, incarnation: 'again' as Incarnation, slots: 1 });
    expect((await now(session))?.state).toBe('migrating');
  });

  it('is dealt with later when the record is away', async () => {
    const session = await open();
    await world.connect(session);
    await world.pass(1_000);
    world.fleet[0]?.crash();
    world.clock.advance(1_000);
    await world.takeLostWorkers();
    world.clock.advance(2_000);
    world.record.away = true;
    expect(await world.takeLostWorkers()).toEqual([{ region: US_EAST, workerId: A, sessions: 1 }]);
    world.record.away = false;
    await world.takeLostWorkers();
    expect((await now(session))?.state).toBe('migrating');
  });
});

describe('silence is not death', () => {
  it('before this process has seen the store for a while', async () => {
    world.clock.advance(60_000);
    for (let ms = 0; ms < 2_500; ms += 500) {
      expect(await world.takeLostWorkers()).toEqual([]);
      world.clock.advance(500);
    }
    expect(await world.takeLostWorkers()).toHaveLength(1);
  });

  it('when the store was away', async () => {
    world.store(US_EAST).away = true;
    await world.pass(60_000);
    world.store(US_EAST).away = false;
    expect(await world.takeLostWorkers()).toEqual([]);
    await world.pass(10_000);
    expect((await world.registry.list(US_EAST))[0]?.health).toBe('ready');
  });

  it('a gap in the looks starts the watch anew', () => {
    const watch = makeStoreWatch(2_500);
    watch.seen(US_EAST, 0);
    watch.seen(US_EAST, 2_000);
    expect(watch.healthyMs(US_EAST, 2_000)).toBe(2_000);
    watch.seen(US_EAST, 5_000);
    expect(watch.healthyMs(US_EAST, 5_000)).toBe(0);
    watch.missed(US_EAST);
    expect(watch.healthyMs(US_EAST, 5_000)).toBe(0);
    expect(watch.healthyMs(EU_WEST, 5_000)).toBe(0);
  });
});

describe('draining', () => {
  it('takes no new sessions and keeps those it has', async () => {
    const session = await open();
    await world.connect(session);
    expect(await world.drainWorker(A, true)).toEqual({ kind: 'set', region: US_EAST });
    await world.pass(5_000);
    expect((await now(session))?.state).toBe('active');
    await world.endSession({ sessionId: session.request.sessionId, reason: 'client_ended' });
    expect((await open()).state).toBe('queued');
    await world.drainWorker(A, false);
    // It hears of it with one heartbeat, and says so with the next.
    await world.pass(2_000);
    expect(await world.queueRecord.waiting(10)).toEqual([]);
  });

  it('says when there is no such worker, and when it could not look everywhere', async () => {
    expect(await world.drainWorker(workerId('none'), true)).toEqual({ kind: 'not_found' });
    world.store(EU_WEST).away = true;
    expect(await world.drainWorker(workerId('none'), true)).toEqual({
      kind: 'unreachable',
      regions: [EU_WEST],
    });
    expect(await world.drainWorker(A, true)).toEqual({ kind: 'set', region: US_EAST });
  });
});

describe('registering', () => {
  it('refuses what does not fit together', async () => {
    const { registration } = world.fleet[0] ?? {};
    if (!registration) throw new Error('no worker');
    const described = { frameWidth: 1, frameHeight: 1, actions: [] };
    for (const wrong of [
      { pool: 'x/y/z@1' as never },
      { slots: 0 },
      { slots: 1.5 },
      { framesPerSecond: Number.NaN },
    ]) {
      const outcome = await world.registerWorker({ worker: { ...registration, ...wrong }, ...described });
      expect(outcome.kind).toBe('refused');
    }
  });
});

describe('a region whose store lost everything', () => {
  const flush = async () => {
    world.store(US_EAST).flush();
    for (const worker of world.fleet) await worker.beat();
    for (const worker of world.fleet) await worker.beat();
  };
  const held = async (session: Session) => world.leases.find(US_EAST, session.request.sessionId);

  it('promises nobody else the slots of those who have not come yet', async () => {
    const session = await open();
    await flush();
    expect(await held(session)).toMatchObject({ workerId: A, epoch: 1 });
    expect((await open()).state).toBe('queued');
    expect(await world.connect(session)).toBe(true);
    await world.pass(2_000);
    expect((await now(session))?.state).toBe('active');
  });

  it('gives no slot back to a session that has ended, or whose worker is another process elsewhere', async () => {
    const ended = await open();
    await world.endSession({ sessionId: ended.request.sessionId, reason: 'client_ended' });
    await flush();
    expect(await held(ended)).toBeUndefined();
    const session = await open();
    world.fleet[0]?.crash();
    world.store(US_EAST).flush();
    await world.addWorker({ workerId: A, incarnation: 'b' as Incarnation, address: 'elsewhere:1', slots: 1 });
    expect(await held(session)).toBeUndefined();
  });

  it('has its workers back while the record is away', async () => {
    await open();
    world.record.away = true;
    await flush();
    world.record.away = false;
    expect(await world.registry.list(US_EAST)).toMatchObject([{ health: 'ready', usedSlots: 0 }]);
    expect(world.incidents.notes).toContain('promises not looked up');
  });
});
