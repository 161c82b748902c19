// The worked examples of shared/BILLING_CASES.md; amounts there are in cents. Cases 5, 6, 7 as splits of an amount are
// with `largestRemainder`, and 10 with `costOf`, in metering/price.spec.ts.
import { describe, expect, it } from '@jest/globals';
import { largestRemainder } from '../metering/price.ts';
import { HOUR_MS } from '../metering/usage-hour.ts';
import { chargeDues, closingDues, commitHour, toMinimum } from './dues.ts';
import { unitEconomics } from './economics.ts';
import { makeInvoice } from './make-invoice.ts';
import { pricePeriod } from './period-price.ts';
import { type Period, previousPeriod } from './period.ts';
import { minorUnitNano, roundLines } from './round-lines.ts';
import { missingTransfers } from './series.ts';
import { ACME, aLine, aPlan, aTier, CENT, NOVEMBER, POUND, T0, usedIn } from './testing/plans.ts';
import { MILLI, priceOfQuantity } from './tiers.ts';
import { timeWeighted } from './time-weighted.ts';
import { paidNano } from './transfer.ts';

const cents = (nano: bigint): number => Number(nano / CENT);
const units = (n: number): bigint => BigInt(n) * MILLI;
/** Rounded once, as an invoice line is. */
const billedCents = (nano: bigint): number => cents(roundLines([nano], minorUnitNano('USD'))[0] ?? 0n);

describe('billing case 1: time-weighted', () => {
  it('+2500 at 1.00 a unit-month from the 5th of March is 27 of 31 days', () => {
    const added = [{ fromMs: Date.UTC(2023, 2, 5), nano: 2500n * POUND }];
    expect(billedCents(timeWeighted(added, '2023-03' as Period))).toBe(217_742);
  });

  it('holds for the minimum of a plan that begins within the month', () => {
    const plan = aPlan({ minimumNano: 2500n * POUND, effectiveFromMs: Date.UTC(2023, 2, 5) });
    const price = pricePeriod(() => plan, []);
    const period = '2023-03' as Period;
    const planFor = (atMs: number) => (atMs >= plan.effectiveFromMs ? plan : undefined);
    const [due] = closingDues(price, { tenantId: ACME, period, planFor, sinceMs: 0, untilMs: Infinity });
    expect({ kind: due?.kind, cents: billedCents(due?.nano ?? 0n) }).toEqual({
      kind: 'minimum',
      cents: 217_742,
    });
  });
});

describe('billing case 2: graduated tiers', () => {
  const line = aLine({
    tiers: [
      aTier(0n, { upTo: 5, flatNano: 100n * CENT }),
      aTier(0n, { upTo: 10, flatNano: 50n * CENT }),
      aTier(5n * CENT, { upTo: 15 }),
      aTier(CENT),
    ],
  });

  it('22 units cost 182', () => {
    expect(cents(priceOfQuantity(line, units(22)))).toBe(182);
  });

  it('after 12 used, the next 10 cost 22, also as the charge of an hour', () => {
    expect(cents(priceOfQuantity(line, units(22)) - priceOfQuantity(line, units(12)))).toBe(22);
    const price = pricePeriod(() => aPlan({ lines: [line] }), [usedIn(0, 12_000), usedIn(1, 10_000)]);
    expect(price.charges.map(({ nano }) => cents(nano))).toEqual([160, 22]);
  });
});

describe('billing case 3: packages', () => {
  const packageOf = (size: number, price: bigint) =>
    aLine({ mode: 'package', packageSize: size, tiers: [aTier(price * CENT)] });

  it('of 10 for 15: 5 cost 15; of 10 for 100: 15 cost 200', () => {
    expect(cents(priceOfQuantity(packageOf(10, 15n), units(5)))).toBe(15);
    expect(cents(priceOfQuantity(packageOf(10, 100n), units(15)))).toBe(200);
  });
});

describe('billing case 4: minimum', () => {
  it('of 1000 with 100 billed leaves 900', () => {
    expect(toMinimum(1000n, 100n)).toBe(900n);
    expect(toMinimum(1000n, 1000n)).toBe(0n);
    expect(toMinimum(1000n, 1001n)).toBe(0n);
  });

  it('is a line of the final invoice', () => {
    const plan = aPlan({ minimumNano: 1000n * CENT, lines: [aLine({ tiers: [aTier(CENT)] })] });
    const price = pricePeriod(() => plan, [usedIn(3, 100_000)]);
    const context = { tenantId: ACME, period: NOVEMBER, planFor: () => plan, sinceMs: 0, untilMs: Infinity };
    const closing = closingDues(price, context);
    const made = makeInvoice({
      ...{ tenantId: ACME, period: NOVEMBER, currency: 'GBP', price, closing, posted: [], fxRates: [] },
    });
    if (made.kind !== 'made') throw new Error(made.kind);
    expect(made.invoice.lines.map(({ kind, amountNano }) => [kind, cents(amountNano)])).toEqual([
      ['usage', 100],
      ['minimum', 900],
    ]);
    expect(cents(made.invoice.totalNano)).toBe(1000);
  });
});

describe('billing cases 5, 6, 7: splits of a price', () => {
  /** A nano a millisecond, used by so many ms each in regions of their own. */
  const sharesOf = (priceNano: bigint, ...activeMs: readonly number[]) => {
    const line = aLine({ tiers: [aTier(0n, { flatNano: priceNano })] });
    const usage = activeMs.map((ms, i) => usedIn(0, ms, { region: `r${i}` }));
    return pricePeriod(() => aPlan({ lines: [line] }), usage).shares.map(({ nano }) => nano);
  };

  it('5: the units left over go to the first of equals, in the currency’s smallest coin', () => {
    const inCoins = (amount: bigint, currency: string, weights: readonly bigint[]) =>
      largestRemainder(amount / minorUnitNano(currency), weights).map(Number);
    expect(inCoins(50_000_000n, 'USD', [1n, 1n, 1n])).toEqual([2, 2, 1]);
    expect(inCoins(5_000_000_000n, 'JPY', [1n, 1n, 1n])).toEqual([2, 2, 1]);
    expect(largestRemainder(5n, [1n, 1n])).toEqual([3n, 2n]);
    expect(sharesOf(5n, 1, 1, 1)).toEqual([2n, 2n, 1n]);
  });

  it('5: lines of 0.0166 each come to .02, .02 and .01 under a total of 0.05', () => {
    expect(roundLines([16_666_667n, 16_666_667n, 16_666_666n], CENT).map(cents)).toEqual([2, 2, 1]);
  });

  it('6: parts add up to the last digit', () => {
    expect(sharesOf(1_120_000n, 426_875, 463_125, 230_000)).toEqual([426_875n, 463_125n, 230_000n]);
  });

  it('7: 35 over 30, 30 and 10 is 15, 15 and 5', () => {
    expect(sharesOf(35n, 30, 30, 10)).toEqual([15n, 15n, 5n]);
  });
});

describe('billing case 8: commitment', () => {
  const DOLLAR = 100n * CENT;

  it('of 1 an hour: .75 used and .25 not; then 1.50 used, .50 of it on demand', () => {
    expect(commitHour(75n * CENT, { nanoPerHour: DOLLAR })).toEqual({
      ...{ usedNano: 75n * CENT, unusedNano: 25n * CENT, onDemandNano: 0n },
    });
    expect(commitHour(150n * CENT, { nanoPerHour: DOLLAR })).toEqual({
      ...{ usedNano: DOLLAR, unusedNano: 0n, onDemandNano: 50n * CENT },
    });
  });

  it('makes a period cost, hour by hour, the larger of the two', () => {
    const commitment = { nanoPerHour: DOLLAR, untilMs: T0 + 3 * HOUR_MS };
    const plan = aPlan({ commitment, lines: [aLine({ tiers: [aTier(CENT)] })] });
    const price = pricePeriod(() => plan, [usedIn(0, 75_000), usedIn(1, 150_000), usedIn(3, 10_000)]);
    const context = { tenantId: ACME, period: NOVEMBER, planFor: () => plan, sinceMs: 0, untilMs: Infinity };
    expect(closingDues(price, context).map(({ kind, nano }) => [kind, cents(nano)])).toEqual([
      ['commitment', 125],
    ]);
    const atLeast = { ...context, planFor: () => ({ ...plan, minimumNano: 500n * CENT }) };
    expect(closingDues(price, atLeast).map(({ nano }) => cents(nano))).toEqual([125, 500 - 235 - 125]);
    expect(closingDues(price, { ...context, sinceMs: T0 + 1 })).toMatchObject([{ nano: DOLLAR }]);
    expect(closingDues(price, { ...context, untilMs: T0 + 2 * HOUR_MS })).toMatchObject([
      { nano: 25n * CENT },
    ]);
  });
});

describe('billing case 9: a correction to a closed period', () => {
  it('is a new row in the current one, names the other, and leaves its total as it was', () => {
    const october = previousPeriod(NOVEMBER);
    const hourMs = T0 - HOUR_MS;
    const context = { tenantId: ACME, period: october, nowMs: T0 + 5 * HOUR_MS };
    const duesOf = (activeMs: number) =>
      chargeDues(
        pricePeriod(() => aPlan(), [usedIn(-1, activeMs)]),
        ACME,
      );
    const closed = missingTransfers(duesOf(1_000), [], { ...context, isClosed: false });
    const late = missingTransfers(duesOf(3_000), closed, { ...context, isClosed: true });
    expect(late).toEqual([
      {
        ...{
          transferId: `chg_${ACME}_${hourMs}_1`,
          kind: 'correction',
          atMs: context.nowMs,
          period: NOVEMBER,
        },
        ...{
          tenantId: ACME,
          debit: `tenant/${ACME}/receivable:GBP`,
          credit: 'revenue:GBP',
          amountNano: 2_000_000n,
        },
        ...{ currency: 'GBP', corrects: october, refersTo: closed[0]?.transferId, hourMs },
        reason: 'correction: usage of 2026-10-31T23:00Z under standard',
      },
    ]);
    const ofOctober = [...closed, ...late].filter(({ period }) => period === october);
    expect(ofOctober.map(paidNano)).toEqual([1_000_000n]);
  });
});

describe('billing case 10: a frame', () => {
  const perFrame = (nanoPerHour: bigint) =>
    unitEconomics({
      ...{
        pool: 'p',
        currency: 'GBP',
        activeMs: HOUR_MS,
        sessionGpuMs: HOUR_MS,
        upMs: HOUR_MS,
        frames: 90_000,
      },
      ...{ sessionNano: nanoPerHour, billNano: nanoPerHour },
    }).nanoPerFrame;

  it('at 25 a second under 0.80 and 1.60 an hour costs 8.9 and 17.8 millionths', () => {
    expect([perFrame(800_000_000n), perFrame(1_600_000_000n)]).toEqual([8_888n, 17_777n]);
  });
});
