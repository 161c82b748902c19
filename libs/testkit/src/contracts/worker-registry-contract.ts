// L4. Workers are the truth of what runs: a registry that lost everything has it again after one heartbeat each.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { NOT_MEASURED } from '@meridian/application';
import { STEADY, type Cadence, type Incarnation } from '@meridian/domain';
import {
  aHeartbeat,
  aPace,
  aReport,
  aWorker,
  epoch,
  poolIn,
  sessionId,
  US_EAST,
  workerId,
} from '../builders.ts';
import { PATIENT, type OpenRegion, type RegionHarness } from './harness.ts';

/** What every worker registry does. Call it in a `describe`; `open` gives an empty region `us-east`. */
export function workerRegistryContract(open: OpenRegion): void {
  let store: RegionHarness;
  beforeEach(async () => {
    store = await open(PATIENT);
  });
  afterEach(() => store.close());

  const worker = aWorker();
  const restarted = aWorker({ incarnation: 'b' as Incarnation });
  const registered = async (seq = 1, sessions = [] as ReturnType<typeof aReport>[]) => {
    await store.registry.register(worker);
    return store.registry.heartbeat(aHeartbeat(worker, seq, sessions));
  };
  const reserve = (at = 1) =>
    store.leases.reserve({
      ...{ region: US_EAST, pool: poolIn(US_EAST), sessionId: sessionId(1), epoch: epoch(at), ttlMs: 60_000 },
    });

  it('shows a worker that has registered and beaten, in its pool', async () => {
    await registered();
    const snapshot = await store.registry.snapshot(US_EAST);
    expect(snapshot).toMatchObject({ region: US_EAST, jurisdiction: 'us', reachable: true });
    expect(snapshot.pools).toMatchObject([
      {
        ...{
          pool: worker.pool,
          model: 'gallery',
          modelVersion: '1.0.0',
          gpuType: 'h100',
          framesPerSecond: 25,
        },
        workers: [{ workerId: worker.workerId, slots: 2, usedSlots: 0, health: 'ready' }],
      },
    ]);
  });

  it('shows how a worker keeps pace and the slots it has now, as its newest heartbeat says', async () => {
    const pace = aPace({ stepMsP50: 7.25, encodeMsP50: 3.5, encodeMsP95: 6, lateShare: 0.015625 });
    await store.registry.register(worker);
    expect((await store.registry.list(US_EAST))[0]?.pace).toEqual(NOT_MEASURED);
    await store.registry.heartbeat(aHeartbeat(worker, 1));
    await store.registry.heartbeat(aHeartbeat(worker, 3, [], { pace, slots: 5 }));
    await store.registry.heartbeat(aHeartbeat(worker, 2));
    expect(await store.registry.list(US_EAST)).toMatchObject([{ pace, slots: 5 }]);
    expect((await store.registry.snapshot(US_EAST)).pools).toMatchObject([
      { stepMs: 7.25, encodeMs: 3.5, workers: [{ slots: 5 }] },
    ]);
  });

  it('offers no slot that a worker has no more', async () => {
    await registered();
    await store.registry.heartbeat(aHeartbeat(worker, 2, [], { slots: 0 }));
    expect(await reserve()).toBeUndefined();
  });

  it('offers no slot of a worker before it has said what it runs', async () => {
    await store.registry.register(worker);
    expect(await reserve()).toBeUndefined();
    expect((await store.registry.list(US_EAST))[0]?.health).not.toBe('ready');
  });

  it('registers the same incarnation twice without losing anything (L3)', async () => {
    await registered();
    await reserve();
    expect(await store.registry.register(worker)).toBeUndefined();
    expect((await store.registry.list(US_EAST))[0]?.usedSlots).toBe(1);
  });

  it('answers with what an older incarnation held, once', async () => {
    await registered();
    await reserve();
    const lost = await store.registry.register(restarted);
    expect(lost?.worker.incarnation).toBe(worker.incarnation);
    expect(lost?.leases).toMatchObject([{ sessionId: sessionId(1), epoch: 1, workerId: worker.workerId }]);
    expect(await store.registry.register(restarted)).toBeUndefined();
  });

  it('does not know a worker that never registered, nor an older incarnation', async () => {
    expect(await store.registry.heartbeat(aHeartbeat(worker, 1))).toEqual({ kind: 'unknown' });
    await registered();
    await store.registry.register(restarted);
    expect(await store.registry.heartbeat(aHeartbeat(worker, 2))).toEqual({ kind: 'unknown' });
  });

  it('makes the lease of a reported session anew when the store has lost it (L4)', async () => {
    await registered(1, [aReport()]);
    expect(await store.leases.find(US_EAST, sessionId(1))).toMatchObject({
      workerId: worker.workerId,
      epoch: 1,
    });
    expect((await store.registry.list(US_EAST))[0]?.usedSlots).toBe(1);
  });

  it('gives the slot of a session to the next process that serves it at the same epoch', async () => {
    await registered(1, [aReport()]);
    await store.registry.register(restarted);
    expect((await store.registry.list(US_EAST))[0]?.usedSlots).toBe(0);
    await store.registry.heartbeat(aHeartbeat(restarted, 1, [aReport({ startedUs: 2 })]));
    expect((await store.registry.list(US_EAST))[0]?.usedSlots).toBe(1);
    expect(await store.leases.find(US_EAST, sessionId(1))).toMatchObject({
      ...{ workerId: worker.workerId, epoch: 1 },
    });
  });

  it('makes a lost lease of several slots anew, as wide as its worker says (L4)', async () => {
    const wide = aWorker({ slots: 4, gpus: 2 });
    await store.registry.register(wide);
    await store.registry.heartbeat(aHeartbeat(wide, 1, [aReport({ width: 3 })]));
    expect(await store.leases.find(US_EAST, sessionId(1))).toMatchObject({
      ...{ slot: 0, width: 3, slots: 4, gpus: 2 },
    });
    expect((await store.registry.list(US_EAST))[0]).toMatchObject({ usedSlots: 3, gpus: 2 });
    expect((await store.registry.snapshot(US_EAST)).pools[0]?.workers[0]).toMatchObject({ gpus: 2 });
  });

  it('says how a worker was bought, in its leases too, and since when its process runs', async () => {
    const spot = aWorker({ purchase: 'spot', ageMs: 40_000 });
    await store.registry.register(spot);
    const [booting] = await store.registry.list(US_EAST);
    expect(booting).toMatchObject({ purchase: 'spot', isBooting: true });
    expect((booting?.registeredAtMs ?? 0) - (booting?.startedAtMs ?? 0)).toBe(40_000);
    await store.registry.heartbeat(aHeartbeat(spot, 1, [aReport()]));
    await store.registry.register({ ...spot, ageMs: 55_000 });
    const [again] = await store.registry.list(US_EAST);
    expect(again).toMatchObject({ isBooting: false, startedAtMs: booting?.startedAtMs });
    expect(await store.leases.find(US_EAST, sessionId(1))).toMatchObject({ purchase: 'spot' });
    await store.registry.register({ ...spot, incarnation: 'b' as Incarnation, ageMs: 10_000 });
    const [other] = await store.registry.list(US_EAST);
    expect((other?.registeredAtMs ?? 0) - (other?.startedAtMs ?? 0)).toBe(10_000);
  });

  it('tells a lost worker’s session of several slots once', async () => {
    const wide = aWorker({ slots: 4 });
    await store.registry.register(wide);
    await store.registry.heartbeat(aHeartbeat(wide, 1, [aReport({ width: 3 })]));
    await store.registry.markLost(US_EAST, wide.workerId);
    const [lost] = await store.registry.takeLost(US_EAST, 60_000);
    expect(lost?.leases).toMatchObject([{ sessionId: sessionId(1), width: 3 }]);
  });

  it('shows what a worker described of its state, and the most of its pool', async () => {
    const heavy = aWorker({ workerId: workerId('us-east-2'), stateBytes: 5_000_000, rebuildMs: 1_500 });
    await registered();
    await store.registry.register(heavy);
    expect(await store.registry.list(US_EAST)).toMatchObject([
      { stateBytes: 4_096, rebuildMs: 0 },
      { stateBytes: 5_000_000, rebuildMs: 1_500 },
    ]);
    expect((await store.registry.snapshot(US_EAST)).pools).toMatchObject([
      { stateBytes: 5_000_000, rebuildMs: 1_500 },
    ]);
  });

  it('says of a draining worker, and of no other, how many sessions are left on it', async () => {
    const wide = aWorker({ slots: 4 });
    const sessions = [aReport({ width: 2 }), aReport({ sessionId: sessionId(2) })];
    await store.registry.register(wide);
    await store.registry.heartbeat(aHeartbeat(wide, 1, sessions));
    expect((await store.registry.list(US_EAST))[0]).not.toHaveProperty('sessions');
    await store.registry.setDraining(US_EAST, wide.workerId, true);
    expect((await store.registry.list(US_EAST))[0]).toMatchObject({ usedSlots: 3, sessions: 2 });
    await store.registry.setDraining(US_EAST, wide.workerId, false);
    await store.registry.heartbeat(aHeartbeat(wide, 2, sessions.slice(1), { draining: true }));
    expect((await store.registry.list(US_EAST))[0]).toMatchObject({ usedSlots: 1, sessions: 1 });
    await store.registry.heartbeat(aHeartbeat(wide, 3, [], { draining: true }));
    expect((await store.registry.list(US_EAST))[0]).toMatchObject({ usedSlots: 0, sessions: 0 });
  });

  const LATE: Cadence = {
    ...{ state: 'quarantined', quarantinedAtMs: 5, cooldownMs: 30_000, reason: '5.2 % late' },
    lateSinceMs: 3,
  };

  it('offers no slot of a worker that is quarantined for its pace, keeps its sessions, and says why', async () => {
    await registered(1, [aReport()]);
    await store.registry.setCadence(US_EAST, worker.workerId, worker.incarnation, LATE);
    expect(
      await store.leases.reserve({
        ...{ region: US_EAST, pool: poolIn(US_EAST), sessionId: sessionId('new') },
        ...{ epoch: epoch(1), ttlMs: 60_000 },
      }),
    ).toBeUndefined();
    const seen = { health: 'quarantined', healthReason: '5.2 % late', usedSlots: 1 };
    expect(await store.registry.list(US_EAST)).toMatchObject([seen]);
    expect((await store.registry.snapshot(US_EAST)).pools[0]?.workers).toMatchObject([seen]);
    expect(await store.registry.heartbeat(aHeartbeat(worker, 2, [aReport({ seq: 2 })]))).toEqual({
      ...{ kind: 'applied', drain: false, fenced: [], cadence: LATE },
    });
  });

  it('gives such a worker to a session that takes it rather than none, before its first heartbeat to nobody', async () => {
    await registered();
    await store.registry.setCadence(US_EAST, worker.workerId, worker.incarnation, LATE);
    const any = {
      ...{ region: US_EAST, pool: poolIn(US_EAST), epoch: epoch(1), ttlMs: 60_000 },
      ...{ sessionId: sessionId('any'), alsoLate: true },
    };
    expect(await store.leases.reserve(any)).toMatchObject({ workerId: worker.workerId });
    await store.registry.register(restarted);
    expect(await store.leases.reserve({ ...any, sessionId: sessionId('early') })).toBeUndefined();
  });

  it('offers one session at a time to a worker on trial', async () => {
    await registered();
    const trial: Cadence = { ...LATE, state: 'trial' };
    await store.registry.setCadence(US_EAST, worker.workerId, worker.incarnation, trial);
    expect((await store.registry.list(US_EAST))[0]?.health).toBe('ready');
    expect(await reserve()).toBeDefined();
    const another = { ...{ region: US_EAST, pool: poolIn(US_EAST), epoch: epoch(1), ttlMs: 60_000 } };
    expect(await store.leases.reserve({ ...another, sessionId: sessionId(2) })).toBeUndefined();
    expect((await store.registry.list(US_EAST))[0]?.healthReason).toBe(
      'on trial with one session after 5.2 % late',
    );
    await store.registry.setCadence(US_EAST, worker.workerId, worker.incarnation, STEADY);
    expect(await store.leases.reserve({ ...another, sessionId: sessionId(2) })).toBeDefined();
  });

  it('keeps what was judged of an incarnation, and nothing of another', async () => {
    await registered();
    await store.registry.setCadence(US_EAST, worker.workerId, restarted.incarnation, LATE);
    expect((await store.registry.list(US_EAST))[0]?.health).toBe('ready');
    await store.registry.setCadence(US_EAST, worker.workerId, worker.incarnation, LATE);
    await store.registry.register(worker);
    expect((await store.registry.list(US_EAST))[0]?.health).toBe('quarantined');
    await store.registry.register(restarted);
    await store.registry.heartbeat(aHeartbeat(restarted, 1));
    expect((await store.registry.list(US_EAST))[0]?.health).toBe('ready');
  });

  it('says why a worker is drained', async () => {
    await registered();
    await store.registry.heartbeat(aHeartbeat(worker, 2, [], { draining: true }));
    expect((await store.registry.list(US_EAST))[0]?.healthReason).toBe('it drains by itself');
    await store.registry.setDraining(US_EAST, worker.workerId, true);
    expect((await store.registry.list(US_EAST))[0]?.healthReason).toBe('an operator drains it');
  });

  it('fences a session that holds a lease at a higher epoch elsewhere, and says if that is served (L2)', async () => {
    await registered(1, [aReport()]);
    const other = aWorker({ workerId: workerId('other') });
    await store.registry.register(other);
    await store.registry.heartbeat(aHeartbeat(other, 1));
    await store.leases.reserve({
      ...{ region: US_EAST, pool: poolIn(US_EAST), sessionId: sessionId(1), epoch: epoch(2), ttlMs: 60_000 },
      exclude: [worker.workerId],
    });
    const fenced = (seq: number) => store.registry.heartbeat(aHeartbeat(worker, seq, [aReport({ seq })]));
    const old = { sessionId: sessionId(1), epoch: epoch(1) };
    expect(await fenced(2)).toEqual({ kind: 'applied', drain: false, fenced: [{ ...old, isBound: false }] });
    await store.registry.heartbeat(aHeartbeat(other, 2, [aReport({ epoch: epoch(2) })]));
    expect(await fenced(3)).toEqual({ kind: 'applied', drain: false, fenced: [{ ...old, isBound: true }] });
    expect((await store.leases.find(US_EAST, sessionId(1)))?.workerId).toBe(other.workerId);
  });

  it('frees the slot of a session that its worker no longer runs', async () => {
    await registered(1, [aReport()]);
    await store.registry.heartbeat(aHeartbeat(worker, 2, []));
    expect(await store.leases.find(US_EAST, sessionId(1))).toBeUndefined();
  });

  it('keeps the slot of a session that nobody has claimed yet', async () => {
    await registered();
    await reserve();
    await store.registry.heartbeat(aHeartbeat(worker, 2, []));
    expect(await store.leases.find(US_EAST, sessionId(1))).toBeDefined();
  });

  it('is not moved by an older heartbeat that comes late', async () => {
    await registered(5, [aReport()]);
    await store.registry.heartbeat(aHeartbeat(worker, 4, []));
    expect(await store.leases.find(US_EAST, sessionId(1))).toBeDefined();
  });

  it('tells a worker the operator wants drained', async () => {
    await registered();
    expect(await store.registry.setDraining(US_EAST, worker.workerId, true)).toBe(true);
    expect(await store.registry.heartbeat(aHeartbeat(worker, 2))).toMatchObject({ drain: true });
    expect((await store.registry.list(US_EAST))[0]?.health).toBe('draining');
    expect(await store.registry.setDraining(US_EAST, workerId('nobody'), true)).toBe(false);
  });

  it('tells a silent worker once, with what it held, and keeps those leases', async () => {
    await registered(1, [aReport()]);
    expect(await store.registry.takeLost(US_EAST, 60_000)).toEqual([]);
    await store.elapse(120);
    const [lost] = await store.registry.takeLost(US_EAST, 60);
    expect(lost?.worker.workerId).toBe(worker.workerId);
    expect(lost?.leases).toMatchObject([{ sessionId: sessionId(1), epoch: 1 }]);
    expect(await store.registry.takeLost(US_EAST, 60)).toEqual([]);
    expect(await store.leases.find(US_EAST, sessionId(1))).toBeDefined();
    expect(await store.leases.reserve({ ...anyone, ttlMs: 60_000 })).toBeUndefined();
  });

  it('does not offer a worker that is marked lost, and tells it at the next look', async () => {
    await registered();
    await store.registry.markLost(US_EAST, worker.workerId);
    expect(await reserve()).toBeUndefined();
    expect(await store.registry.takeLost(US_EAST, 60_000)).toMatchObject([
      { worker: { workerId: worker.workerId } },
    ]);
    expect(await store.registry.takeLost(US_EAST, 60_000)).toEqual([]);
  });

  it('takes back a worker that was only silent', async () => {
    await registered();
    await store.elapse(120);
    await store.registry.takeLost(US_EAST, 60);
    await store.registry.heartbeat(aHeartbeat(worker, 2));
    expect(await reserve()).toBeDefined();
  });
}

const anyone = {
  ...{ region: US_EAST, pool: poolIn(US_EAST), sessionId: sessionId('anyone'), epoch: epoch(1) },
};
