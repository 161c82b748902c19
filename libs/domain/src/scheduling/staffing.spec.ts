import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forecastsOf, type ConcurrencyForecast, type DemandSample } from './forecast.ts';
import { adviseStaffing, betaFor, SCALE_DOWN_AFTER_MS, wantedWarmSlots } from './staffing.ts';

const MINUTE_MS = 60_000;
const BOOT_MS = 5 * MINUTE_MS;
const POLICY = { slotsPerWorker: 8, waitProbability: 0.01, minWorkers: 1, maxWorkers: 1_000 };

const aForecast = (over: Partial<ConcurrencyForecast> = {}): ConcurrencyForecast => ({
  ...{ atMs: 0, horizonMs: BOOT_MS, busySlots: 12, queued: 0, mean: 14.2, error: 1.9, seasonShare: 0 },
  ...over,
});
const samples = (demands: readonly number[]): readonly DemandSample[] =>
  demands.map((busySlots, i) => ({ atMs: i * MINUTE_MS, busySlots, queued: 0 }));
/** Workers wanted now, and as they were wanted each minute of the past. */
const advised = (history: readonly DemandSample[], policy = POLICY) =>
  adviseStaffing(forecastsOf(history, BOOT_MS, SCALE_DOWN_AFTER_MS), policy);
const advisedEach = (demands: readonly number[], fromMinute: number): readonly number[] =>
  demands.flatMap((_, i) =>
    i < fromMinute ? [] : [advised(samples(demands.slice(Math.max(0, i - 240), i + 1))).wantedWorkers],
  );

/** In [0, 1), the same for the same seed. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('square-root staffing', () => {
  it.each([
    [0.5, 0.506],
    [0.2234, 1],
    [0.0269, 2],
    [0.01, 2.376],
  ])('makes a share of %p wait with a beta of %p (Halfin & Whitt)', (waitProbability, beta) => {
    expect(betaFor(waitProbability)).toBeCloseTo(beta, 2);
  });

  it('wants what is forecast and beta times its error', () => {
    expect(wantedWarmSlots(aForecast({ mean: 100, error: 10 }), 0.2234)).toBe(110);
  });

  it('says how the numbers came about', () => {
    expect(adviseStaffing([aForecast()], POLICY)).toEqual({
      wantedSlots: 19,
      wantedWorkers: 3,
      reason: '12 busy now, 14.2 expected in 5 min, +4.8 for a 1 % chance to wait: 19 slots, 3 workers of 8',
    });
    const tight = adviseStaffing([aForecast({ queued: 3, seasonShare: 0.36 })], { ...POLICY, maxWorkers: 2 });
    expect(tight.reason).toBe(
      '12 busy and 3 waiting now, 14.2 expected in 5 min (36 % of it by earlier days), ' +
        '+4.8 for a 1 % chance to wait: 19 slots, 2 workers of 8; 2 are the most allowed',
    );
  });

  it('wants the least allowed while nothing is known', () => {
    expect(adviseStaffing([], { ...POLICY, minWorkers: 2 })).toEqual({
      wantedSlots: 0,
      wantedWorkers: 2,
      reason: 'nothing is known of the demand yet: 2 workers of 8, the least allowed',
    });
  });

  it('keeps what was wanted until less has been enough for a quarter of an hour', () => {
    const wishes = [40, 8, 8].map((mean, i) =>
      aForecast({ mean, error: 0, busySlots: 8, atMs: i * MINUTE_MS }),
    );
    const kept = adviseStaffing(wishes, POLICY);
    expect(kept).toMatchObject({ wantedWorkers: 5, wantedSlots: 40 });
    expect(kept.reason).toMatch(/: 8 slots, 5 workers of 8; more was wanted within the last 15 min$/);
    expect(adviseStaffing(wishes.slice(1), POLICY).wantedWorkers).toBe(1);
  });

  const demands = fc.array(fc.nat(400), { minLength: 1, maxLength: 90 });

  it('never wants less than runs, whatever was and whatever is allowed', () => {
    fc.assert(
      fc.property(
        demands,
        fc.integer({ min: 1, max: 12 }),
        fc.nat(20),
        (history, slotsPerWorker, maxWorkers) => {
          const advice = advised(samples(history), { ...POLICY, slotsPerWorker, maxWorkers });
          expect(advice.wantedWorkers * slotsPerWorker).toBeGreaterThanOrEqual(history.at(-1) ?? 0);
        },
      ),
    );
  });

  it('wants no more than is allowed, and no less, while the leases fit', () => {
    fc.assert(
      fc.property(demands, fc.integer({ min: 1, max: 5 }), (history, minWorkers) => {
        const needed = Math.ceil((history.at(-1) ?? 0) / POLICY.slotsPerWorker);
        const { wantedWorkers } = advised(samples(history), { ...POLICY, minWorkers, maxWorkers: 9 });
        expect(wantedWorkers).toBeGreaterThanOrEqual(minWorkers);
        expect(wantedWorkers).toBeLessThanOrEqual(Math.max(9, needed));
      }),
    );
  });

  it('wants more for more: the same hours with more users', () => {
    const steps = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 20, maxLength: 120 });
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 100, max: 400 }),
        fc.integer({ min: 8, max: 200 }),
        (walk, from, more) => {
          let demand = from;
          const history = walk.map((step) => (demand += step));
          const wider = history.map((busy) => busy + more);
          expect(advised(samples(wider)).wantedSlots).toBeGreaterThanOrEqual(
            advised(samples(history)).wantedSlots,
          );
        },
      ),
    );
  });

  // Eight neighbours: for some of them the wish is at the edge of one more worker.
  it.each([100, 101, 102, 103, 104, 105, 106, 107])(
    'does not swing while a demand of %p only jitters',
    (demand) => {
      const chance = chanceFrom(demand);
      const demands = Array.from({ length: 480 }, () => demand + Math.floor(7 * chance()) - 3);
      const wanted = advisedEach(demands, 240);
      const changes = wanted.filter((workers, i) => i > 0 && workers !== wanted[i - 1]).length;
      expect(Math.max(...wanted) - Math.min(...wanted)).toBeLessThanOrEqual(1);
      // Four hours with a look each minute.
      expect(changes).toBeLessThanOrEqual(30);
    },
  );

  it('is not carried away by one wild minute', () => {
    const calm = Array<number>(240).fill(40);
    const before = advised(samples(calm)).wantedWorkers;
    const after = samples([...calm, 400]).map((sample) => ({
      ...sample,
      queued: sample.busySlots - 40,
      busySlots: 40,
    }));
    expect(advised(after).wantedWorkers).toBeLessThanOrEqual(before + 1);
  });
});
