import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PlanId } from '../ids.ts';
import { affordableMs } from './credit.ts';
import type { PlanLine, PricePlan } from './plan.ts';
import { priceOf } from './price-of.ts';

const PER_SECOND = 1_000n;
const line = (rest: Partial<PlanLine> = {}): PlanLine => ({
  ...{ unit: 'active_second', mode: 'graduated', tiers: [{ nanoPerUnit: PER_SECOND }] },
  ...rest,
});
const plan = (rest: Partial<PricePlan> = {}): PricePlan => ({
  ...{ planId: 'pln_1' as PlanId, name: 'plan', currency: 'GBP', effectiveFromMs: 0, recordedAtMs: 0 },
  ...{ lines: [line()], includedMs: 0, minimumNano: 0n, billing: 'prepaid' },
  ...rest,
});
const wanted = (ms: number) => ({ model: 'gallery', modelVersion: '1.0.0', ms });
const used = (activeMs: number) => [
  { model: 'gallery', modelVersion: '1.0.0', activeMs, startedMinutes: Math.ceil(activeMs / 60_000) },
];

describe('affordable time', () => {
  it('is all that is wanted while there is money, and then what is left to the millisecond', () => {
    expect(affordableMs(plan(), [], wanted(60_000), 60_000n)).toBe(60_000);
    expect(affordableMs(plan(), used(50_000), wanted(60_000), 60_000n)).toBe(10_000);
    expect(affordableMs(plan(), used(60_000), wanted(60_000), 60_000n)).toBe(0);
    expect(affordableMs(plan(), used(70_000), wanted(60_000), 60_000n)).toBe(0);
  });

  it('goes on for nothing as far as the plan includes it', () => {
    expect(affordableMs(plan({ includedMs: 90_000 }), used(60_000), wanted(60_000), 0n)).toBe(30_000);
  });

  it('by the minute pays for every minute that is begun', () => {
    const byMinute = plan({ lines: [line({ unit: 'started_minute' })] });
    expect(affordableMs(byMinute, used(60_000), wanted(120_000), 2_000n)).toBe(60_000);
    expect(affordableMs(byMinute, used(60_000), wanted(120_000), 1_999n)).toBe(0);
  });

  it('costs nothing for a model that has no price', () => {
    expect(affordableMs(plan({ lines: [line({ model: 'dream' })] }), [], wanted(60_000), 0n)).toBe(60_000);
  });

  it('is the most that fits, and sessions that ask one after the other never go beyond the limit together', () => {
    const amount = fc.bigInt({ min: 0n, max: 400_000n });
    const asks = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 12 });
    const tiers = [{ upTo: 60, nanoPerUnit: 2_000n }, { nanoPerUnit: 700n }];
    fc.assert(
      fc.property(amount, asks, fc.integer({ min: 0, max: 90_000 }), (limitNano, wishes, includedMs) => {
        const tiered = plan({ lines: [line({ tiers })], includedMs });
        let givenMs = 0;
        for (const ms of wishes) {
          const moreMs = affordableMs(tiered, used(givenMs), wanted(ms), limitNano);
          expect(moreMs).toBeLessThanOrEqual(ms);
          if (moreMs < ms) {
            expect(priceOf(tiered, used(givenMs + moreMs + 1)).totalNano).toBeGreaterThan(limitNano);
          }
          givenMs += moreMs;
        }
        expect(priceOf(tiered, used(givenMs)).totalNano).toBeLessThanOrEqual(limitNano);
      }),
    );
  });
});
