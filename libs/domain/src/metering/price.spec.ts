import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { costOf, largestRemainder, poundsPerUserHour } from './price.ts';

const split = (total: number, ...weights: readonly number[]): readonly number[] =>
  largestRemainder(BigInt(total), weights.map(BigInt)).map(Number);

describe('a split by largest remainder', () => {
  it('gives the units left over to the first of equals (billing case 5)', () => {
    expect(split(5, 1, 1, 1)).toEqual([2, 2, 1]);
    expect(split(5, 1, 1)).toEqual([3, 2]);
  });

  it('splits a node of 35 an hour over 30, 30 and 10 (billing case 7)', () => {
    expect(split(35, 30, 30, 10)).toEqual([15, 15, 5]);
  });

  it('shares idle over three workloads to the last digit (billing case 6)', () => {
    expect(split(1_120_000, 426_875, 463_125, 230_000)).toEqual([426_875, 463_125, 230_000]);
  });

  it('gives the larger remainder first', () => {
    expect(split(10, 2, 5, 1)).toEqual([3, 6, 1]);
  });

  it('refuses weights that say nothing', () => {
    expect(() => split(5, 0, 0)).toThrow(RangeError);
    expect(() => split(5, 2, -1)).toThrow(RangeError);
    expect(() => split(5)).toThrow(RangeError);
  });

  it('conserves the total, each part within one unit of its share', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), weights, (total, ws) => {
        const sum = ws.reduce((a, b) => a + b, 0n);
        fc.pre(sum > 0n);
        const parts = largestRemainder(total, ws);
        expect(parts.reduce((a, b) => a + b, 0n)).toBe(total);
        parts.forEach((part, i) => {
          const floor = (total * (ws[i] ?? 0n)) / sum;
          expect([floor, floor + 1n]).toContain(part);
        });
      }),
    );
  });
});

const oneOf = (slots: number) => ({ width: 1, slots, gpus: 1 });

describe('cost', () => {
  it('of a quarter of a worker with two GPUs is half a GPU hour', () => {
    expect(costOf(3_600_000, 2_400_000_000n, { width: 2, slots: 8, gpus: 2 })).toBe(1_200_000_000n);
  });

  it('of a user-hour on one of two slots is half the GPU hour', () => {
    expect(costOf(3_600_000, 2_400_000_000n, oneOf(2))).toBe(1_200_000_000n);
  });

  it('of a frame at 25 fps under 0.80 and 1.60 an hour is 8.9 and 17.8 millionths (billing case 10)', () => {
    expect(costOf(40, 800_000_000n, oneOf(1))).toBe(8_888n);
    expect(costOf(40, 1_600_000_000n, oneOf(1))).toBe(17_777n);
  });

  it('is floored, and exact beyond what a double holds', () => {
    expect(costOf(1, 3_599_999n, oneOf(1))).toBe(0n);
    expect(costOf(3_600_000_000, 10n ** 18n + 1n, oneOf(1))).toBe(1_000n * 10n ** 18n + 1_000n);
  });

  it('per user-hour is 0 when nothing was used', () => {
    expect(poundsPerUserHour(600_000_000n, 1_800_000)).toBeCloseTo(1.2, 9);
    expect(poundsPerUserHour(0n, 0)).toBe(0);
  });
});
