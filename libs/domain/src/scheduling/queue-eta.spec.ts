import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RegionId } from '../ids.ts';
import { correctionOf, learned, MOST_CORRECTION, UNCALIBRATED } from './queue-calibration.ts';
import {
  EXPECTED_SESSION_MS,
  LEAST_WAIT_MS,
  MOST_WAIT_MS,
  nobodyBefore,
  supplyOf,
  turnOf,
  type Claim,
  type RegionHistory,
  type RegionSupply,
} from './queue-eta.ts';

const region = (name: string, over: Partial<RegionHistory> = {}): RegionHistory => ({
  ...{ region: name as RegionId, slots: 8, freeSlots: 0, releases: 0 },
  ...over,
});
const anywhere = (supply: readonly unknown[]): Claim => ({
  ...{ usableAfterMs: supply.map(() => 0), waitedMs: 0, slots: 1 },
});
const only = (...usableAfterMs: readonly number[]): Claim => ({ usableAfterMs, waitedMs: 0, slots: 1 });

/** The wait of each in this line. */
function waits(claims: readonly Claim[], supply: readonly RegionSupply[]): readonly number[] {
  let backlog = nobodyBefore(supply);
  return claims.map((claim) => {
    const turn = turnOf(claim, backlog, supply);
    backlog = turn.backlog;
    return turn.waitMs;
  });
}
const everywhere = (count: number, supply: readonly RegionSupply[]) =>
  waits(
    Array.from({ length: count }, () => anywhere(supply)),
    supply,
  );
/** Of each region, a slot every so many seconds. */
const every = (...seconds: readonly number[]): readonly RegionSupply[] =>
  seconds.map((s, i) => ({ region: `r${i}` as RegionId, releasesPerMs: 1 / (s * 1_000), freeSlots: 0 }));

describe('the rate of releases', () => {
  it('begins with a guess: a slot of N every half hour / N', () => {
    const [supply] = supplyOf([region('a', { slots: 8 })], 0);
    expect(1 / (supply?.releasesPerMs ?? 0)).toBeCloseTo(EXPECTED_SESSION_MS / 8);
  });

  it('goes by what is seen once enough is, region by region', () => {
    const [a, b] = supplyOf([region('a', { releases: 900 }), region('b', { releases: 100 })], 6_000_000);
    const seen = [a, b].map((supply) => Math.round((supply?.releasesPerMs ?? 0) * 6_000_000));
    expect(seen).toEqual([884, 99]);
  });

  it('is never nought, also where nothing is served at the moment', () => {
    const supply = supplyOf([region('a', { slots: 0 }), region('b', { slots: 0 })], 0);
    expect(everywhere(1, supply)[0]).toBeCloseTo(EXPECTED_SESSION_MS, -1);
  });
});

describe('the estimate', () => {
  it('is place / rate where everyone may go everywhere', () => {
    expect(everywhere(3, every(10))).toEqual([10_000, 20_000, 30_000]);
    expect(everywhere(2, every(20, 20))).toEqual([10_000, 20_000]);
    expect(everywhere(2, every(30, 15))).toEqual([10_000, 20_000]);
  });

  it('counts only those in front who want the same slots', () => {
    const supply = every(10, 10);
    const inEurope = only(Infinity, 0);
    expect(waits([inEurope, inEurope, inEurope, only(0, Infinity)], supply)).toEqual([
      10_000, 20_000, 30_000, 10_000,
    ]);
    expect(waits([inEurope, anywhere(supply)], supply)[1]).toBe(10_000);
  });

  it('goes by the regions that its cap will let it use by then', () => {
    const supply = every(60, 1);
    expect(waits([only(0, 30_000)], supply)[0]).toBeGreaterThan(30_000);
    expect(waits([only(0, 30_000)], supply)[0]).toBeLessThan(31_000);
    expect(waits([{ ...only(0, 30_000), waitedMs: 29_000 }], supply)[0]).toBeLessThan(2_000);
    expect(waits([only(0, Infinity)], supply)[0]).toBe(60_000);
  });

  it('counts free slots from when the cap lets it use them, and none that it may use already', () => {
    const supply = every(60, 60).map((one, i) => ({ ...one, freeSlots: i }));
    expect(waits([only(0, 30_000)], supply)).toEqual([30_000]);
    expect(waits([only(0, 30_000), only(0, 30_000), only(0, 30_000)], supply)[2]).toBeGreaterThan(50_000);
    expect(waits([only(Infinity, 0)], supply)).toEqual([60_000]);
  });

  it('is longer for who needs more slots', () => {
    expect(waits([{ ...anywhere([1]), slots: 3 }, anywhere([1])], every(10))).toEqual([30_000, 40_000]);
  });

  it('has an end where nobody can say', () => {
    expect(waits([only(Infinity)], every(1))).toEqual([MOST_WAIT_MS]);
  });

  const anyRegions = fc.array(
    fc.record({ slots: fc.nat(500), freeSlots: fc.nat(3), releases: fc.nat(1_000) }),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  it('rises with the place, falls with releases, and is always a number above nought', () => {
    fc.assert(
      fc.property(anyRegions, fc.nat(1_800_000), fc.integer({ min: 2, max: 30 }), (list, windowMs, count) => {
        const history = list.map((one, i) => region(`r${i}`, one));
        const line = everywhere(count, supplyOf(history, windowMs));
        line.forEach((waitMs, i) => {
          expect(Number.isInteger(waitMs) && waitMs >= LEAST_WAIT_MS && waitMs <= MOST_WAIT_MS).toBe(true);
          expect(waitMs).toBeGreaterThanOrEqual(line[i - 1] ?? 0);
        });
        const more = history.map((one, i) => (i === 0 ? { ...one, releases: one.releases + 5 } : one));
        // Halving ends at a whole ms.
        const last = (line.at(-1) ?? 0) + 1;
        expect(everywhere(count, supplyOf(more, windowMs)).at(-1)).toBeLessThanOrEqual(last);
      }),
    );
  });
});

describe('the correction', () => {
  const after = (ratio: number, times: number) =>
    Array.from({ length: times }).reduce<typeof UNCALIBRATED>(
      (known) => learned(known, 10_000, ratio * 10_000),
      UNCALIBRATED,
    );

  it('is none before anyone waited, and little after one odd wait', () => {
    expect(correctionOf(UNCALIBRATED)).toBe(1);
    expect(correctionOf(after(2, 1))).toBeLessThan(1.2);
  });

  it('comes to what waits really are', () => {
    expect(correctionOf(after(1.8, 300))).toBeCloseTo(1.8, 1);
    expect(correctionOf(after(0.6, 300))).toBeCloseTo(0.6, 1);
  });

  it('has bounds, whatever is seen', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 100 }), (seen) => {
        const known = seen.reduce((so, [told, waited]) => learned(so, told, waited), UNCALIBRATED);
        const correction = correctionOf(known);
        expect(correction >= 1 / MOST_CORRECTION && correction <= MOST_CORRECTION).toBe(true);
      }),
    );
  });
});
