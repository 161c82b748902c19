import { beforeEach, describe, expect, it } from '@jest/globals';
import { aTenant, EU_WEST, makeWorld, tenantId, US_EAST, workerId, type World } from '@meridian/testkit';
import type { LatencyStep, PlacementPolicy, Session } from '@meridian/domain';
import { makeQueueView } from './queue-view.ts';

let world: World;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker({ slots: 2 });
});
const tryOpen = (tenant = 'acme', over: Parameters<World['open']>[0] = {}) => {
  world.clock.advance(10);
  return world.open({ tenant: aTenant({ tenantId: tenantId(tenant) }), ...over });
};
const open = async (tenant?: string, over?: Parameters<World['open']>[0]): Promise<Session> => {
  const outcome = await tryOpen(tenant, over);
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const end = (session: Session) =>
  world.endSession({ sessionId: session.request.sessionId, reason: 'client_ended' });
const now = (session: Session) => world.sessions.find(session.request.sessionId);
const dispatched = async () =>
  (await world.dispatchQueue()).dispatched.map((session) => session.request.sessionId);
const place = async (session: Session) => {
  const current = await now(session);
  return current && world.readQueuePlace(current);
};
const idOf = (session: Session | undefined) => session?.request.sessionId;
/** Time goes on, and the workers beat. */
const later = async (ms: number) => {
  for (let left = ms; left > 0; left -= 1_000) {
    world.clock.advance(Math.min(left, 1_000));
    for (const worker of world.fleet) await worker.beat();
  }
};
const putPolicy = async (over: Partial<PlacementPolicy>) => {
  const policy = { targetActionToFrameMs: 80, latencySteps: [], maxWaitMs: 600_000, ...over };
  await world.modelPolicies.put({ model: 'gallery', policy, updatedAtMs: 0 });
  await later(2_000);
};
const STEPS: readonly LatencyStep[] = [
  { afterMs: 0, maxRttMs: 50 },
  { afterMs: 30_000, maxRttMs: 100 },
  { afterMs: 90_000, maxRttMs: null },
];

describe('the queue', () => {
  it('gives a slot that becomes free to who waits, with a claim of 60 s', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    await later(1_000);
    expect(await world.dispatchQueue()).toEqual({ dispatched: [], waiting: 1 });
    await end(first);
    expect(await dispatched()).toEqual([idOf(waiting)]);
    expect(await now(waiting)).toMatchObject({
      ...{ state: 'reserved', epoch: 1, claimByMs: world.clock.nowMs() + 60_000 },
      why: { policy: 'default', waitedMs: world.clock.nowMs() - waiting.createdAtMs },
    });
  });

  it('is fair across tenants: a crowd does not keep others from their turn', async () => {
    const [first, second] = [await open('crowd'), await open('crowd')];
    const crowd = [await open('crowd'), await open('crowd')];
    const alone = await open('alone');
    await end(first);
    expect(await dispatched()).toEqual([idOf(alone)]);
    await end(second);
    expect(await dispatched()).toEqual([idOf(crowd[0])]);
  });

  it('gives a tenant of weight 2 twice the slots', async () => {
    for (const [name, weight] of [['light', 1] as const, ['heavy', 2] as const]) {
      await world.tenants.createTenant(aTenant({ tenantId: tenantId(name), weight }));
    }
    const full = [await open('other'), await open('other')];
    for (let i = 0; i < 6; i += 1) await Promise.all([open('light'), open('heavy')]);
    await world.addWorker({ workerId: workerId('b'), slots: 4 });
    for (const session of full) await end(session);
    const { dispatched: got } = await world.dispatchQueue();
    const tenants = got.map(({ request }) => request.tenantId);
    expect(tenants).toHaveLength(6);
    expect(tenants.filter((tenant) => tenant === tenantId('heavy'))).toHaveLength(4);
  });

  it('lets high go before normal before low', async () => {
    const [first] = [await open(), await open()];
    const low = await open('acme', { priority: 'low' });
    const normal = await open();
    const high = await open('acme', { priority: 'high' });
    expect(await place(high)).toMatchObject({ position: 1 });
    await world.addWorker({ workerId: workerId('b'), slots: 1 });
    await end(first);
    expect(await dispatched()).toEqual([idOf(high), idOf(normal)]);
    expect((await now(low))?.state).toBe('queued');
  });

  it('does not let one who cannot use the free slot hold up the next', async () => {
    const [first] = [await open(), await open()];
    await world.addWorker({ region: EU_WEST, slots: 1 });
    const [inEurope] = [await open('acme', { residency: 'eu' }), await open('acme', { residency: 'eu' })];
    const next = await open('acme', { residency: 'us' });
    expect(inEurope.state).toBe('reserved');
    await end(first);
    expect(await dispatched()).toEqual([idOf(next)]);
  });

  it('gives one slot once when two replicas run it at once', async () => {
    const [first] = [await open(), await open()];
    await open();
    await end(first);
    const runs = await Promise.all([world.dispatchQueue(), world.dispatchQueue()]);
    expect(runs.flatMap((run) => run.dispatched)).toHaveLength(1);
    expect(world.store(US_EAST).leases.size).toBe(2);
  });

  it('finds the slot whose reservation’s reply was lost', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    await end(first);
    world.fates.leases.next('reserve', 'reply-lost');
    expect(await dispatched()).toEqual([idOf(waiting)]);
    expect(world.store(US_EAST).leases.size).toBe(2);
  });

  it('goes on with the next when one cannot be dispatched, which keeps its place', async () => {
    const full = [await open(), await open()];
    const [unlucky, next] = [await open(), await open()];
    for (const session of full) await end(session);
    world.fates.sessions.next('append', 'refused');
    expect(await dispatched()).toEqual([idOf(next)]);
    expect(world.incidents.notes).toContain('session not dispatched');
    expect(await dispatched()).toEqual([idOf(unlucky)]);
    expect(world.store(US_EAST).leases.size).toBe(2);
  });

  it('asks for nobody’s slot while nothing is free', async () => {
    await Promise.all([open(), open()]);
    await open();
    const asked: string[] = [];
    const { waiting } = world.queueRecord;
    world.queueRecord.waiting = (limit) => {
      asked.push('waiting');
      return waiting.call(world.queueRecord, limit);
    };
    await world.dispatchQueue();
    await world.dispatchQueue();
    expect(asked).toEqual([]);
  });

  it('lets go at once of who cancels, and holds no slot for it', async () => {
    const [first] = [await open(), await open()];
    const [waiting, next] = [await open(), await open()];
    await end(first);
    await Promise.all([world.dispatchQueue(), end(waiting)]);
    expect((await now(waiting))?.state).toBe('ended');
    await dispatched();
    expect((await now(next))?.state).toBe('reserved');
    expect(world.store(US_EAST).leases.size).toBe(2);
    await later(1_000);
    expect((await world.queue.read()).waiting).toEqual([]);
  });

  it('goes on while a region is away, and when a worker joins', async () => {
    await open();
    await open();
    const waiting = await open();
    world.store(US_EAST).away = true;
    expect(await dispatched()).toEqual([]);
    await world.addWorker({ workerId: workerId('eu-1'), region: EU_WEST });
    expect(await dispatched()).toEqual([idOf(waiting)]);
  });

  it('gives a newcomer a slot that nobody waits for any more', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    await end(waiting);
    await end(first);
    expect((await open()).state).toBe('reserved');
  });
});

describe('one who needs several slots at once', () => {
  it('has a worker kept for it after two minutes, and then gets it, whoever else comes', async () => {
    const [first, second] = [await open(), await open()];
    for (const session of [first, second]) await world.connect(session);
    const wide = await open('acme', { gpus: 1 });
    expect(wide.state).toBe('queued');
    await later(60_000);
    await end(first);
    // Until then single slots go to those behind.
    const next = await open('acme');
    expect(next.state === 'reserved' || (await dispatched()).includes(next.request.sessionId)).toBe(true);
    await world.connect((await now(next)) ?? next);
    await later(61_000);
    await end(second);
    const behind = await open('other');
    expect(behind.state).toBe('queued');
    expect(await dispatched()).toEqual([]);
    await end(next);
    expect(await dispatched()).toEqual([idOf(wide)]);
    expect((await now(wide))?.lease).toMatchObject({ width: 2 });
  });
});

describe('a latency cap', () => {
  it('of the session relaxes with its wait', async () => {
    const session = await open('acme', { maxRttMs: 8 });
    expect(session).toMatchObject({ state: 'queued', considered: [{ code: 'rtt_above_cap' }, {}] });
    await later(9_000);
    expect(await dispatched()).toEqual([]);
    await later(1_500);
    expect(await dispatched()).toEqual([idOf(session)]);
  });

  it('of the model is taken in steps: 50 ms for 30 s, 100 ms for 60 s, then any region', async () => {
    await putPolicy({ latencySteps: STEPS });
    const rttMs = { [US_EAST]: 60, [EU_WEST]: 200 };
    const near = await open('acme', { rttMs: { [US_EAST]: 60 } });
    const far = await open('acme', { rttMs: { [US_EAST]: 150 } });
    expect([near.state, far.state]).toEqual(['queued', 'queued']);
    await later(29_000);
    expect(await dispatched()).toEqual([]);
    // One who may use what others may not yet is not held up by them.
    expect((await open('acme', { rttMs: { [US_EAST]: 10 } })).state).toBe('reserved');
    await later(2_000);
    expect(await dispatched()).toEqual([idOf(near)]);
    await world.addWorker({ workerId: workerId('b'), slots: 4 });
    await later(50_000);
    expect(await dispatched()).toEqual([]);
    await later(10_000);
    expect(await dispatched()).toEqual([idOf(far)]);
    expect((await now(far))?.why?.policy).toBe('model');
    expect((await open('acme', { rttMs, maxRttMs: 55 })).state).toBe('queued');
  });

  it('refuses nobody by default', async () => {
    expect((await open('acme', { rttMs: { [US_EAST]: 400 } })).state).toBe('reserved');
  });
});

describe('place and estimate', () => {
  it('are shown to who waits, and neither to who does not', async () => {
    const first = await open();
    await open();
    const waiting = [await open(), await open()] as const;
    expect(await place(first)).toBeUndefined();
    // Two slots of sessions of about half an hour: one every 15 min, the guess.
    expect((await place(waiting[0]))?.etaMs).toBeCloseTo(900_000, -4);
    expect(await place(waiting[0])).toMatchObject({ position: 1 });
    expect((await place(waiting[1]))?.etaMs).toBeCloseTo(1_800_000, -4);
    expect(await place(waiting[1])).toMatchObject({ position: 2 });
    await end(first);
    await world.dispatchQueue();
    await later(1_000);
    expect(await place(waiting[1])).toMatchObject({ position: 1 });
    expect((await place(waiting[1]))?.etaMs).toBeLessThan(700_000);
  });

  it('are known for who has just come, also in a burst, and what was told first is kept', async () => {
    await Promise.all([open(), open()]);
    const burst = await Promise.all([open(), ...Array.from({ length: 19 }, () => open())] as const);
    const places = await Promise.all(burst.map(place));
    const positions = places.map((p) => p?.position ?? 0);
    expect(positions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(burst.map((session) => session.toldWait?.etaMs)).toEqual(places.map((p) => p?.etaMs));
    const [queued] = await world.sessions.events(burst[0].request.sessionId, 0);
    expect(queued?.event).toMatchObject({ type: 'queued', etaMs: burst[0].toldWait?.etaMs });
  });

  it('are corrected by how right earlier ones were, in every replica', async () => {
    const [first] = [await open(), await open()];
    const waiting = await open();
    const other = makeQueueView(world);
    const told = () => other.told('gallery', { position: 1, estimateMs: 100_000 }).etaMs;
    await other.read();
    expect(told()).toBe(100_000);
    await end(first);
    expect(await dispatched()).toEqual([idOf(waiting)]);
    await later(1_000);
    await other.read();
    expect(told()).toBeLessThan(90_000);
    expect(other.told('dream', { position: 1, estimateMs: 100_000 }).etaMs).toBe(100_000);
  });

  it('count only those in front who want the same region', async () => {
    await Promise.all([open(), open()]);
    await world.addWorker({ region: EU_WEST, slots: 2 });
    for (let i = 0; i < 2; i += 1) await open('acme', { residency: 'eu' });
    for (let i = 0; i < 5; i += 1) await open('acme', { residency: 'eu' });
    const american = await open('acme', { residency: 'us' });
    const european = await open('acme', { residency: 'eu' });
    const [mine, theirs] = [await place(american), await place(european)];
    expect(mine?.position).toBe(6);
    expect((theirs?.etaMs ?? 0) / (mine?.etaMs ?? 1)).toBeCloseTo(6, 0);
  });
});

describe('patience', () => {
  it('of the caller: an expected wait that exceeds it is refused at once, with place and wait', async () => {
    await Promise.all([open(), open()]);
    const outcome = await tryOpen('acme', { maxWaitMs: 60_000 });
    expect(outcome).toMatchObject({ kind: 'wait_too_long', position: 1, maxWaitMs: 60_000 });
    expect(outcome.kind === 'wait_too_long' && outcome.expectedWaitMs).toBeGreaterThan(60_000);
    expect(await tryOpen('acme', { maxWaitMs: 0 })).toMatchObject({ kind: 'wait_too_long' });
    await later(1_000);
    expect((await world.queue.read()).waiting).toEqual([]);
    expect((await open('acme', { maxWaitMs: 3_600_000 })).state).toBe('queued');
  });

  it('of none at all takes a free slot', async () => {
    expect((await open('acme', { maxWaitMs: 0 })).state).toBe('reserved');
  });

  it('of the model, unless the caller has another', async () => {
    await putPolicy({ maxWaitMs: 60_000 });
    await Promise.all([open(), open()]);
    expect(await tryOpen()).toMatchObject({ kind: 'wait_too_long', maxWaitMs: 60_000 });
    expect((await open('acme', { maxWaitMs: 3_600_000 })).state).toBe('queued');
    await world.modelPolicies.remove('gallery');
    await later(2_000);
    expect((await open()).state).toBe('queued');
  });

  it('that has run out ends the wait', async () => {
    for (const session of [await open(), await open()]) await world.connect(session);
    const [patient, impatient] = [await open(), await open('acme', { maxWaitMs: 3_600_000 })];
    await putPolicy({ maxWaitMs: 30_000 });
    await world.pass(27_000);
    expect((await now(patient))?.state).toBe('queued');
    await world.pass(3_000);
    expect(await now(patient)).toMatchObject({ state: 'ended', endReason: 'queue_expired' });
    expect((await now(impatient))?.state).toBe('queued');
  });
});

describe('a policy', () => {
  it('stays in force while its store is away', async () => {
    const middling = { rttMs: { [US_EAST]: 60 } };
    await putPolicy({ latencySteps: STEPS });
    expect((await open('acme', middling)).state).toBe('queued');
    world.modelPolicies.away = true;
    await later(5_000);
    expect((await open('acme', middling)).state).toBe('queued');
    expect(world.incidents.notes).toContain('placement policies not read; those known last stay in force');
    world.modelPolicies.away = false;
    await world.modelPolicies.remove('gallery');
    await later(2_000);
    expect(await dispatched()).toHaveLength(2);
  });
});

describe('a look at the queue', () => {
  it('that takes long holds up only who asked for it; the one before answers the others', async () => {
    await Promise.all([open(), open()]);
    await open();
    const before = await world.queue.read();
    const answer = world.queueRecord.waiting.bind(world.queueRecord);
    let go = (): void => undefined;
    const slow = new Promise<void>((resolve) => (go = resolve));
    world.queueRecord.waiting = async (limit) => {
      await slow;
      return answer(limit);
    };
    await later(1_000);
    const asked = world.queue.read();
    expect(await world.queue.read()).toBe(before);
    go();
    expect((await asked).atMs).toBe(world.clock.nowMs());
    expect(await world.queue.read()).toBe(await asked);
  });
});
