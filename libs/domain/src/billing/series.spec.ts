// Order and repetition of postings are harmless; debits are credits.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chargeDues } from './dues.ts';
import { pricePeriod, type HourUsage } from './period-price.ts';
import type { PricePlan } from './plan.ts';
import { missingTransfers } from './series.ts';
import { anyPlan, anyUsage } from './testing/arbitraries.ts';
import { ACME, aPlan, NOVEMBER, T0, total, usedIn } from './testing/plans.ts';
import { balancesOf, paidNano, walletNano, type Transfer } from './transfer.ts';

const HOUR_MS = 3_600_000;
const NOW = T0 + 100 * HOUR_MS;
const OPEN = { tenantId: ACME, period: NOVEMBER, isClosed: false, nowMs: NOW };

const duesOf = (plan: PricePlan, usage: readonly HourUsage[]) =>
  chargeDues(
    pricePeriod(() => plan, usage),
    ACME,
  );
const shape = (rows: readonly Transfer[]) =>
  rows.map(({ transferId, kind, debit, credit, amountNano }) => [
    transferId,
    kind,
    debit,
    credit,
    amountNano,
  ]);
const CHG = `chg_${ACME}_${T0}`;
const OWED = `tenant/${ACME}/receivable:GBP`;

describe('postings of an hour', () => {
  it('are one charge, and none when it is there', () => {
    const dues = duesOf(aPlan(), [usedIn(0, 1_000)]);
    const first = missingTransfers(dues, [], OPEN);
    expect(shape(first)).toEqual([[`${CHG}_0`, 'charge', OWED, 'revenue:GBP', 1_000_000n]]);
    expect(first[0]).toMatchObject({ atMs: T0 + HOUR_MS - 1, period: NOVEMBER, hourMs: T0 });
    expect(missingTransfers(dues, first, OPEN)).toEqual([]);
  });

  it('are differences after that, either way, that point at the first', () => {
    const first = missingTransfers(duesOf(aPlan(), [usedIn(0, 1_000)]), [], OPEN);
    const more = missingTransfers(duesOf(aPlan(), [usedIn(0, 1_500)]), first, OPEN);
    expect(shape(more)).toEqual([[`${CHG}_1`, 'correction', OWED, 'revenue:GBP', 500_000n]]);
    const less = missingTransfers(duesOf(aPlan(), []), [...first, ...more], OPEN);
    expect(shape(less)).toEqual([[`${CHG}_2`, 'correction', 'revenue:GBP', OWED, 1_500_000n]]);
    expect([...more, ...less].map(({ refersTo }) => refersTo)).toEqual([`${CHG}_0`, `${CHG}_0`]);
  });

  it('move to the other account when the plan turns out to be prepaid, or of another currency', () => {
    const usage = [usedIn(0, 1_000)];
    const first = missingTransfers(duesOf(aPlan(), usage), [], OPEN);
    const moved = missingTransfers(
      duesOf(aPlan({ billing: 'prepaid', currency: 'EUR' }), usage),
      first,
      OPEN,
    );
    expect(shape(moved)).toEqual([
      [`${CHG}_1`, 'correction', 'revenue:GBP', OWED, 1_000_000n],
      [`${CHG}_2`, 'correction', `tenant/${ACME}/wallet:EUR`, 'revenue:EUR', 1_000_000n],
    ]);
    expect(walletNano(balancesOf([...first, ...moved]), ACME, 'EUR')).toBe(-1_000_000n);
  });

  it('leave alone what is no charge', () => {
    const [charge] = missingTransfers(duesOf(aPlan(), [usedIn(0, 1_000)]), [], OPEN);
    if (!charge) throw new Error('no charge');
    const refund = { ...charge, transferId: 'rfd_1' as never, kind: 'refund' as const };
    expect(missingTransfers([], [refund], OPEN)).toEqual([]);
  });
});

/** Replicas that post what they last saw: of the usage (a prefix of the rows), and of the ledger (a prefix too). */
const runs = fc.array(fc.record({ usage: fc.nat(30), ledger: fc.nat(40), isClosed: fc.boolean() }), {
  maxLength: 8,
});

function play(
  plan: PricePlan,
  usage: readonly HourUsage[],
  steps: readonly { usage: number; ledger: number; isClosed: boolean }[],
): readonly Transfer[] {
  const ledger = new Map<string, Transfer>();
  for (const step of steps) {
    const dues = duesOf(plan, usage.slice(0, step.usage));
    const known = [...ledger.values()].slice(0, step.ledger);
    for (const row of missingTransfers(dues, known, { ...OPEN, isClosed: step.isClosed })) {
      if (!ledger.has(row.transferId)) ledger.set(row.transferId, row);
    }
  }
  return [...ledger.values()];
}

describe('whoever posts, however often, from whatever it knew', () => {
  it('the next that knows all leaves each hour at what is due', () => {
    fc.assert(
      fc.property(anyPlan(), anyUsage, runs, (plan, usage, steps) => {
        const before = play(plan, usage, steps);
        const dues = duesOf(plan, usage);
        const all = [...before, ...missingTransfers(dues, before, OPEN)];
        expect(new Set(all.map(({ transferId }) => transferId)).size).toBe(all.length);
        for (const { hourMs, nano } of dues) {
          expect(total(all.filter((row) => row.hourMs === hourMs).map(paidNano))).toBe(nano);
        }
        expect(missingTransfers(dues, all, OPEN)).toEqual([]);
        const shuffled = all.toSorted((a, b) => (a.amountNano < b.amountNano ? -1 : 1));
        expect(missingTransfers(dues, shuffled, OPEN)).toEqual([]);
      }),
    );
  });

  it('debits are credits, and every amount is more than 0', () => {
    fc.assert(
      fc.property(anyPlan(), anyUsage, runs, (plan, usage, steps) => {
        const rows = play(plan, usage, steps);
        const balances = balancesOf(rows);
        expect(total(balances.map(({ debitNano }) => debitNano))).toBe(
          total(balances.map(({ creditNano }) => creditNano)),
        );
        expect(rows.every(({ amountNano, debit, credit }) => amountNano > 0n && debit !== credit)).toBe(true);
      }),
    );
  });
});
