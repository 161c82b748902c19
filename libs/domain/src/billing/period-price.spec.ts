// Charges telescope: however usage is cut into hours, rows and orders, they add up to the month's price.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PlanId } from '../ids.ts';
import { pricePeriod } from './period-price.ts';
import { priceOf } from './price-of.ts';
import { anyPlan, anyUsage } from './testing/arbitraries.ts';
import { aLine, aPlan, aTier, POUND, T0, total, usedIn } from './testing/plans.ts';

const HOUR_MS = 3_600_000;
const chargesOf = (price: ReturnType<typeof pricePeriod>) => price.charges.map(({ nano }) => nano);

describe('the price of a month', () => {
  it('is by the active second, to the millisecond', () => {
    expect(priceOf(aPlan(), [usedIn(0, 1_234)]).totalNano).toBe(1_234_000n);
  });

  it('is by the started minute where the plan says so', () => {
    const plan = aPlan({ lines: [aLine({ unit: 'started_minute', tiers: [aTier(7n)] })] });
    expect(priceOf(plan, [usedIn(0, 60_001)]).totalNano).toBe(14n);
  });

  it('takes the line of the version, else of the model, else the one for all', () => {
    const lines = [
      aLine({ tiers: [aTier(1_000n)] }),
      aLine({ model: 'gallery', tiers: [aTier(2_000n)] }),
      aLine({ model: 'gallery', modelVersion: '2', tiers: [aTier(3_000n)] }),
    ];
    const used = [usedIn(0, 100, { modelVersion: '2' }), usedIn(0, 10), usedIn(0, 1, { model: 'dream' })];
    expect(priceOf(aPlan({ lines }), used).lines.map(({ nano }) => nano)).toEqual([1n, 20n, 300n]);
  });

  it('has included time, in whole minutes where they are what is counted, and nobody has the rest', () => {
    const minutes = aLine({ model: 'gallery', unit: 'started_minute', tiers: [aTier(1n)] });
    const plan = aPlan({ includedMs: 150_000, lines: [minutes, aLine()] });
    const used = [usedIn(0, 180_000), usedIn(0, 40_000, { model: 'dream' })];
    const { lines } = priceOf(plan, used);
    expect(lines.map(({ includedMilli, nano }) => [includedMilli, nano])).toEqual([
      [2_000n, 1n],
      [0n, 40_000_000n],
    ]);
  });

  it('never falls by more use, though minutes and milliseconds share the included time', () => {
    const free = [aTier(0n)];
    const lines = [
      aLine({ model: 'gallery', modelVersion: '2', tiers: free }),
      aLine({ model: 'gallery', unit: 'started_minute', tiers: free }),
      aLine({ tiers: [aTier(1n)] }),
    ];
    const plan = aPlan({ lines, includedMs: 60_000 });
    const used = [usedIn(0, 60_000), usedIn(0, 1_000, { model: 'dream' })];
    expect(priceOf(plan, used).totalNano).toBe(1n);
    expect(priceOf(plan, [usedIn(0, 1, { modelVersion: '2' }), ...used]).totalNano).toBe(1n);
  });

  it('goes on from what was used when the plan changes', () => {
    const old = aPlan({ includedMs: HOUR_MS });
    const next = aPlan({
      planId: 'pln_2' as PlanId,
      includedMs: HOUR_MS,
      lines: [aLine({ tiers: [aTier(POUND)] })],
    });
    const planFor = (hourMs: number) => (hourMs < T0 + HOUR_MS ? old : next);
    const price = pricePeriod(planFor, [usedIn(0, HOUR_MS), usedIn(1, 5_000)]);
    expect(chargesOf(price)).toEqual([0n, 5n * POUND]);
  });

  it('is nothing where there is no plan', () => {
    expect(pricePeriod(() => undefined, [usedIn(0, 1)])).toMatchObject({
      charges: [],
      shares: [],
      frames: 0,
    });
  });
});

describe('whatever is used, and whatever the plan', () => {
  it('charges add up to the price of the month, and are never below 0', () => {
    fc.assert(
      fc.property(anyPlan(), anyUsage, (plan, usage) => {
        const charges = chargesOf(pricePeriod(() => plan, usage));
        expect(total(charges)).toBe(priceOf(plan, usage).totalNano);
        expect(charges.every((nano) => nano >= 0n)).toBe(true);
      }),
    );
  });

  it('shares add up to the charges, also when the plan changes', () => {
    fc.assert(
      fc.property(anyPlan('pln_1'), anyPlan('pln_2'), anyUsage, (before, after, usage) => {
        const price = pricePeriod((hourMs) => (hourMs < T0 + 5 * HOUR_MS ? before : after), usage);
        expect(total(price.shares.map(({ nano }) => nano))).toBe(total(chargesOf(price)));
      }),
    );
  });

  it('comes out the same when rows come in another order, or an hour in several rows', () => {
    fc.assert(
      fc.property(anyPlan(), anyUsage, (plan, usage) => {
        const split = usage.flatMap((row) => {
          const activeMs = Math.floor(row.activeMs / 2);
          const startedMinutes = Math.floor(row.startedMinutes / 2);
          const rest = {
            activeMs: row.activeMs - activeMs,
            startedMinutes: row.startedMinutes - startedMinutes,
          };
          return [
            { ...row, activeMs, startedMinutes },
            { ...row, ...rest },
          ];
        });
        const price = pricePeriod(() => plan, usage);
        expect(pricePeriod(() => plan, split.toReversed()).charges).toEqual(price.charges);
      }),
    );
  });
});
