// Demand is noted, forecast and turned into advice, on virtual time.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { makeWorld, poolIn, US_EAST, workerId, type World } from '@meridian/testkit';
import { StoreUnavailable } from '../ports/lease-store.ts';
import { makeOutlook } from './outlook.ts';
import { makePruneDemand } from './sample-demand.ts';

const MINUTE_MS = 60_000;
const POOL = poolIn(US_EAST);

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const advice = async () => {
  const [pool] = await world.adviseCapacity();
  if (!pool) throw new Error('no pool');
  return pool;
};
/** Each minute so many sessions are opened and stay, and the demand is noted. */
async function rush(minutes: number, opensPerMinute: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let i = 0; i < opensPerMinute; i += 1) {
      const outcome = await world.open();
      if (outcome.kind !== 'opened') throw new Error(outcome.kind);
      if (outcome.session.lease) await world.connect(outcome.session);
    }
    world.clock.advance(MINUTE_MS / 2);
    await world.pass(MINUTE_MS / 2);
    await world.sampleDemand();
  }
}

describe('capacity advice', () => {
  it('is that nobody needs more than a worker while nobody comes', async () => {
    await world.addWorker({ slots: 8 });
    await rush(10, 0);
    expect(await advice()).toMatchObject({
      ...{ pool: POOL, busySlots: 0, queued: 0, slots: 8, readyWorkers: 1, slotsPerWorker: 8 },
      ...{ wantedWorkers: 1, forecast: { horizonMs: 300_000 } },
    });
  });

  it('asks for workers before a rush has filled those that are there, and says why', async () => {
    for (let i = 0; i < 4; i += 1) await world.addWorker({ slots: 8, workerId: workerId(`us-east-${i}`) });
    await rush(14, 2);
    const { busySlots, slots, forecast, wantedWorkers, reason } = await advice();
    expect([busySlots, slots]).toEqual([28, 32]);
    expect(forecast.mean).toBeGreaterThan(31);
    expect(wantedWorkers).toBeGreaterThan(4);
    expect(reason).toMatch(/^28 busy now, [\d.]+ expected in 5 min, \+[\d.]+ for a 30 % chance to wait: /);
  });

  it('counts who waits, and follows the queue away', async () => {
    await world.addWorker({ slots: 2 });
    for (let i = 0; i < 6; i += 1) await world.open();
    await world.sampleDemand();
    const rushed = await advice();
    expect(rushed).toMatchObject({ busySlots: 2, queued: 4, slotsPerWorker: 2 });
    expect(rushed.wantedWorkers).toBeGreaterThanOrEqual(3);
  });

  it('is shared by everyone who asks within ten seconds, and asked anew after a failure', async () => {
    await world.addWorker();
    const first = world.adviseCapacity();
    expect(world.adviseCapacity()).toBe(first);
    await first;
    world.clock.advance(10_000);
    world.demandHistory.away = true;
    await expect(world.adviseCapacity()).rejects.toThrow(StoreUnavailable);
    world.demandHistory.away = false;
    expect((await advice()).pool).toBe(POOL);
  });

  it('knows nothing of a region that does not answer, and notes nothing for it', async () => {
    await world.addWorker();
    world.store(US_EAST).away = true;
    world.clock.advance(1_000);
    expect(await world.adviseCapacity()).toEqual([]);
    expect(await world.sampleDemand()).toEqual({ pools: 0 });
  });
});

describe('demand that is noted', () => {
  it('is a row a minute, of what is busy and what waits', async () => {
    await world.addWorker({ slots: 2 });
    for (let i = 0; i < 3; i += 1) await world.open();
    await world.sampleDemand();
    await world.pass(20_000);
    await world.sampleDemand();
    const nowMs = world.clock.nowMs();
    const span = { fromMs: nowMs - MINUTE_MS, toMs: nowMs + 1 };
    expect((await world.demandHistory.read([POOL], [span])).get(POOL)).toEqual([
      { atMs: nowMs - 20_000, busySlots: 2, queued: 1 },
    ]);
  });

  it('is forgotten after fifteen days, not before', async () => {
    await world.addWorker();
    await world.sampleDemand();
    const prune = makePruneDemand(world);
    world.clock.advance(15 * 86_400_000);
    await prune();
    expect(world.demandHistory.rows.get(POOL)?.size).toBe(1);
    world.clock.advance(1);
    await prune();
    expect(world.demandHistory.rows.get(POOL)?.size).toBe(0);
  });
});

describe('the outlook', () => {
  const note = (minutesAgo: number, busySlots: number) =>
    world.demandHistory.record([
      {
        ...{ pool: POOL, region: US_EAST, model: 'gallery', queued: 0, slots: 64, busySlots },
        atMs: world.clock.nowMs() - minutesAgo * MINUTE_MS,
      },
    ]);
  const looked = () => new Promise(setImmediate);

  it('expects the slots that a rush will take within three minutes', async () => {
    for (let minute = 60; minute > 0; minute -= 1) await note(minute, 60 - minute);
    const outlook = makeOutlook(world);
    expect(outlook.expectedArrivals(POOL)).toBe(0);
    await looked();
    expect(outlook.expectedArrivals(POOL)).toBeGreaterThan(1.5);
    expect(outlook.expectedArrivals(POOL)).toBeLessThan(3.5);
  });

  it('expects nothing of a pool that empties, nor of one that nobody has noted lately', async () => {
    for (let minute = 60; minute > 0; minute -= 1) await note(minute, minute);
    const emptying = makeOutlook(world);
    emptying.expectedArrivals(POOL);
    await looked();
    expect(emptying.expectedArrivals(POOL)).toBe(0);
    for (let minute = 60; minute > 0; minute -= 1) await note(minute, 60 - minute);
    world.clock.advance(10 * MINUTE_MS);
    const stale = makeOutlook(world);
    stale.expectedArrivals(POOL);
    await looked();
    expect(stale.expectedArrivals(POOL)).toBe(0);
  });

  it('stands by what it knew while the history is away, and looks again half a minute later', async () => {
    for (let minute = 60; minute > 0; minute -= 1) await note(minute, 60 - minute);
    const outlook = makeOutlook(world);
    outlook.expectedArrivals(POOL);
    await looked();
    const known = outlook.expectedArrivals(POOL);
    world.demandHistory.away = true;
    world.clock.advance(30_000);
    outlook.expectedArrivals(POOL);
    await looked();
    expect(outlook.expectedArrivals(POOL)).toBe(known);
    expect(world.incidents.notes).toEqual(['demand not read; what was expected last stands']);
  });
});
