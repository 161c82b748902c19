// M2. Lines are rounded once and add up to the total; what they stand for is in the ledger.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TransferId } from '../ids.ts';
import { chargeDues } from './dues.ts';
import type { FxRate } from './fx.ts';
import { isComplete, makeInvoice, type InvoiceInput } from './make-invoice.ts';
import { pricePeriod } from './period-price.ts';
import { previousPeriod } from './period.ts';
import { minorUnitNano, roundLines } from './round-lines.ts';
import { missingTransfers } from './series.ts';
import { anyPlan, anyUsage } from './testing/arbitraries.ts';
import { ACME, aPlan, CENT, NOVEMBER, T0, total, usedIn } from './testing/plans.ts';
import type { Transfer } from './transfer.ts';

const OPEN = { tenantId: ACME, period: NOVEMBER, isClosed: false, nowMs: T0 };
const eur: FxRate = {
  ...{ from: 'GBP', to: 'EUR', rate: { numerator: 115n, denominator: 100n }, source: 'ECB' },
  ...{ effectiveFromMs: 0, recordedAtMs: 0 },
};

const inputOf = (usage = [usedIn(0, 10_000_000)], over: Partial<InvoiceInput> = {}): InvoiceInput => {
  const price = pricePeriod(() => aPlan(), usage);
  const posted = missingTransfers(chargeDues(price, ACME), [], OPEN);
  return {
    ...{ tenantId: ACME, period: NOVEMBER, currency: 'GBP', price, closing: [], posted, fxRates: [eur] },
    ...over,
  };
};
const invoiceOf = (input: InvoiceInput) => {
  const made = makeInvoice(input);
  if (made.kind !== 'made') throw new Error(made.kind);
  return made.invoice;
};

describe('an invoice', () => {
  it('has a line for each model version and region, with the transfers that it stands for', () => {
    const usage = [usedIn(0, 10_000_000), usedIn(1, 5_000_000, { region: 'eu-west' })];
    const invoice = invoiceOf(inputOf(usage));
    expect(invoice.lines).toEqual([
      {
        ...{
          kind: 'usage',
          description: 'gallery@1 in eu-west (standard)',
          region: 'eu-west',
          quantity: 5_000,
        },
        ...{ model: 'gallery', modelVersion: '1', unit: 'active_second', unitPriceNano: 1_000_000n },
        ...{ amountNano: 500n * CENT, currency: 'GBP', transferIds: [`chg_${ACME}_${T0 + 3_600_000}_0`] },
      },
      expect.objectContaining({
        region: 'us-east',
        amountNano: 1000n * CENT,
        transferIds: [`chg_${ACME}_${T0}_0`],
      }),
    ]);
    expect(invoice).toMatchObject({
      status: 'preview',
      totalNano: 1500n * CENT,
      invoiceId: `inv_${ACME}_2026-11`,
    });
  });

  it('keeps on each line the rate at which it was converted', () => {
    const { lines, totalNano, currency } = invoiceOf(inputOf(undefined, { currency: 'EUR' }));
    expect({ totalNano, currency }).toEqual({ totalNano: 1150n * CENT, currency: 'EUR' });
    expect(lines[0]).toMatchObject({
      fxRate: { numerator: 115n, denominator: 100n, from: 'GBP' },
      currency: 'EUR',
    });
  });

  it('is not made without a rate', () => {
    expect(makeInvoice(inputOf(undefined, { currency: 'JPY' }))).toEqual({
      ...{ kind: 'no_fx_rate', from: 'GBP', to: 'JPY' },
    });
  });

  it('has corrections of closed months, refunds and grants to what is owed, but nothing of wallets', () => {
    const base = inputOf([]);
    const row = (over: Partial<Transfer>): Transfer => ({
      ...{ transferId: 'x' as TransferId, kind: 'refund', atMs: T0, period: NOVEMBER, tenantId: ACME },
      ...{
        debit: 'refunds:GBP' as never,
        credit: `tenant/${ACME}/receivable:GBP` as never,
        amountNano: CENT,
      },
      ...{ currency: 'GBP', reason: 'slow frames', ...over },
    });
    const corrects = previousPeriod(NOVEMBER);
    const late = { kind: 'correction', corrects, debit: `tenant/${ACME}/receivable:GBP` } as const;
    const posted = [
      row({}),
      row({ ...late, debit: late.debit as never, credit: 'revenue:GBP' as never, amountNano: 3n * CENT }),
      row({ ...late, debit: late.debit as never, credit: 'revenue:GBP' as never, amountNano: 4n * CENT }),
      row({ kind: 'grant', reason: 'welcome' }),
      row({ kind: 'grant', credit: `tenant/${ACME}/wallet:GBP` as never }),
      row({ kind: 'top_up', credit: `tenant/${ACME}/wallet:GBP` as never }),
    ];
    const { lines, totalNano } = invoiceOf({ ...base, posted });
    expect(lines.map(({ kind, description, amountNano }) => [kind, description, amountNano])).toEqual([
      ['correction', 'correction of 2026-10', 7n * CENT],
      ['refund', 'slow frames', -CENT],
      ['grant', 'welcome', -CENT],
    ]);
    expect(totalNano).toBe(5n * CENT);
  });

  it('says what the plan included', () => {
    const price = pricePeriod(() => aPlan({ includedMs: 4_000 }), [usedIn(0, 10_000)]);
    expect(invoiceOf({ ...inputOf(), price }).lines).toMatchObject([
      { kind: 'usage', quantity: 10, amountNano: CENT },
      { kind: 'included', quantity: 4, amountNano: 0n },
    ]);
  });

  it('is complete when the ledger has just the usage that it lists', () => {
    const input = inputOf();
    expect(isComplete(input)).toBe(true);
    expect(isComplete({ ...input, posted: [] })).toBe(false);
    expect(isComplete({ ...input, price: inputOf([]).price })).toBe(false);
  });
});

describe('whatever was used', () => {
  it('lines add up to the total, which is what the ledger says to the nearest coin', () => {
    const currency = fc.constantFrom('GBP', 'EUR');
    fc.assert(
      fc.property(anyPlan(), anyUsage, currency, (plan, usage, into) => {
        const price = pricePeriod(() => plan, usage);
        const { lines, totalNano } = invoiceOf({ ...inputOf(), price, currency: into });
        expect(total(lines.map(({ amountNano }) => amountNano))).toBe(totalNano);
        expect(lines.every(({ amountNano }) => amountNano % CENT === 0n)).toBe(true);
        if (into !== 'GBP') return;
        const off = totalNano - total(price.charges.map(({ nano }) => nano));
        expect(off <= CENT / 2n && -off <= CENT / 2n).toBe(true);
      }),
    );
  });
});

describe('rounding of lines', () => {
  it('knows currencies by their smallest coin', () => {
    expect(['GBP', 'JPY', 'KWD'].map(minorUnitNano)).toEqual([CENT, 1_000_000_000n, 1_000_000n]);
  });

  it('rounds a half up, and gives the coin to the largest remainder, then to the earlier line', () => {
    expect(roundLines([4n, 6n, 5n], 10n)).toEqual([0n, 10n, 10n]);
    expect(roundLines([5n, 5n], 10n)).toEqual([10n, 0n]);
    expect(roundLines([-4n, 12n], 10n)).toEqual([0n, 10n]);
    expect(roundLines([], 10n)).toEqual([]);
  });

  it('leaves every line within a coin of what it was, and the total within half of one', () => {
    const amounts = fc.array(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), { maxLength: 20 });
    fc.assert(
      fc.property(amounts, (before) => {
        const after = roundLines(before, CENT);
        const offs = after.map((nano, i) => nano - (before[i] ?? 0n));
        expect(offs.every((off) => off < CENT && off > -CENT)).toBe(true);
        const off = total(offs);
        expect(off <= CENT / 2n && off >= -CENT / 2n).toBe(true);
      }),
    );
  });
});
