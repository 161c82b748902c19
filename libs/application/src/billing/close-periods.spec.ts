// The invoice is what the ledger says; what comes after it is corrected in the current period.
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  HOUR_MS,
  periodAt,
  type Period,
  type PlanId,
  type PricePlan,
  type Transfer,
  type TransferId,
} from '@meridian/domain';
import { aPricePlan, aTenant, tenantId } from '@meridian/testkit';
import { makeClosePeriod, makeClosePeriods } from './close-periods.ts';
import {
  ACME,
  DAY_MS,
  HOUR_NANO,
  instead,
  makeBooks,
  NOVEMBER,
  OF,
  paidBy,
  POUND,
  T0,
  type Books,
} from './testing/books.ts';

let books: Books;
beforeEach(async () => {
  books = await makeBooks();
});

describe('an invoice', () => {
  it('is previewed with what is not charged yet, and the same when it is issued', async () => {
    books.use(0);
    books.at(T0 + HOUR_MS / 2);
    expect(await books.preview(OF)).toMatchObject({
      invoice: { status: 'preview', totalNano: 3_600_000_000n },
    });
    books.at(T0 + 31 * DAY_MS);
    const invoice = await books.issued();
    expect(invoice).toMatchObject({ number: '2026-11-000001', totalNano: 3_600_000_000n });
    expect(await books.preview(OF)).toEqual({ kind: 'made', invoice });
    expect(await books.closePeriod(OF)).toEqual({ kind: 'already_issued', invoice });
  });

  it('is none before the month is over, and of nothing', async () => {
    books.use(0);
    expect(await books.closePeriod(OF)).toEqual({ kind: 'not_over' });
    books.at(T0 + 62 * DAY_MS);
    expect(await books.closePeriod({ ...OF, period: '2026-12' as Period })).toEqual({ kind: 'nothing' });
  });

  it('settles minimum, commitment and promise, in the ledger too', async () => {
    books = await makeBooks({
      ...{ minimumNano: 3_000n * POUND, commitment: { nanoPerHour: 4n * POUND, untilMs: T0 + 10 * HOUR_MS } },
      promise: { lateShareMax: 0.01, creditShare: 0.5 },
    });
    books.use(0, { lateFrames: 9_000 });
    books.at(T0 + 31 * DAY_MS);
    const invoice = await books.issued();
    const unused = 40n * POUND - HOUR_NANO;
    expect(invoice.lines.map(({ kind, amountNano }) => [kind, amountNano])).toEqual([
      ['usage', HOUR_NANO],
      ['commitment', unused],
      ['minimum', 2_960n * POUND],
      ['sla_credit', -HOUR_NANO / 2n],
    ]);
    const rows = await books.rows();
    expect(paidBy(rows)).toBe(invoice.totalNano);
    const ids = rows.map(({ transferId }) => transferId).sort();
    expect(invoice.lines.flatMap(({ transferIds = [] }) => transferIds).toSorted()).toEqual(ids);
  });

  it('waits for a rate of exchange', async () => {
    books = await makeBooks({ invoiceCurrency: 'EUR' });
    books.use(0);
    books.at(T0 + 32 * DAY_MS);
    expect(await books.closePeriod(OF)).toEqual({ kind: 'no_fx_rate', from: 'GBP', to: 'EUR' });
    expect(await books.closePeriods()).toEqual({ issued: 0 });
    expect(books.ports.incidents.notes).toEqual(['invoice not issued; it is tried again']);
    await books.ports.fxRates.add({
      ...{ from: 'GBP', to: 'EUR', rate: { numerator: 23n, denominator: 20n }, source: 'ECB' },
      ...{ effectiveFromMs: 0, recordedAtMs: 0 },
    });
    expect(await books.issued()).toMatchObject({ currency: 'EUR', totalNano: 4_140_000_000n });
  });

  it('is the one that another replica issued in between', async () => {
    books.use(0);
    books.at(T0 + 31 * DAY_MS);
    const ledger = instead(books.ledger, {
      post: async (rows: readonly Transfer[]) => {
        await books.closePeriod(OF);
        books.use(1);
        return books.ledger.post(rows.map((row) => ({ ...row, transferId: 'late' as TransferId })));
      },
    });
    const outcome = await makeClosePeriod({ ...books.ports, ledger })(OF);
    expect(outcome).toMatchObject({ kind: 'already_issued', invoice: { totalNano: HOUR_NANO } });
  });

  it('waits while others keep posting, and is told of as an incident', async () => {
    books.use(0);
    books.at(T0 + 32 * DAY_MS);
    await books.postCharges();
    const invoices = instead(books.invoices, { issue: async () => ({ kind: 'stale' }) as const });
    expect(await makeClosePeriods({ ...books.ports, invoices })()).toEqual({ issued: 0 });
    expect(books.ports.incidents.notes).toEqual(['invoice not issued; it is tried again']);
  });

  it('is made anew when something is posted in between', async () => {
    books.use(0);
    books.at(T0 + 31 * DAY_MS);
    let isFirst = true;
    const issue: typeof books.invoices.issue = async (closing) => {
      if (isFirst) books.use(1);
      if (isFirst) await books.postCharges();
      isFirst = false;
      return books.invoices.issue(closing);
    };
    const invoices = instead(books.invoices, { issue });
    const outcome = await makeClosePeriod({ ...books.ports, invoices })(OF);
    expect(outcome).toMatchObject({ kind: 'issued', invoice: { totalNano: 2n * HOUR_NANO } });
  });

  it('comes a day after the month’s end, for all who used, or promised to pay, and is told of once', async () => {
    books.use(0);
    books.at(T0 + 31 * DAY_MS - 1);
    await books.postCharges();
    await books.ports.tenants.createTenant(aTenant({ tenantId: tenantId('idle'), createdAtMs: T0 }));
    const monthly = { planId: 'pln_m' as PlanId, tenantId: tenantId('idle'), minimumNano: POUND };
    await books.ports.plans.add(aPricePlan(monthly));
    expect(await books.closePeriods()).toEqual({ issued: 0 });
    books.at(T0 + 31 * DAY_MS);
    expect(await books.closePeriods()).toEqual({ issued: 2 });
    expect(await books.closePeriods()).toEqual({ issued: 0 });
    expect(books.types().filter((type) => type === 'invoice.issued')).toHaveLength(2);
    const numbers = (await books.invoices.list({})).map(({ number, totalNano }) => [number, totalNano]);
    expect(numbers).toEqual([
      ['2026-11-000001', HOUR_NANO],
      ['2026-11-000002', POUND],
    ]);
  });
});

describe('usage that comes after the invoice', () => {
  const late = async (plan: Partial<PricePlan> = {}) => {
    books = await makeBooks(plan);
    books.use(0);
    books.at(T0 + 31 * DAY_MS);
    const invoice = await books.issued();
    books.use(1);
    books.at(T0 + 35 * DAY_MS);
    await books.postCharges();
    return invoice;
  };

  it('is corrected in the current period, which names the other; the closed total stays', async () => {
    const invoice = await late();
    expect(await books.preview(OF)).toEqual({ kind: 'made', invoice });
    expect(paidBy(await books.rows())).toBe(invoice.totalNano);
    const december = { ...OF, period: periodAt(books.clock.nowMs()) };
    expect(await books.preview(december)).toMatchObject({
      invoice: {
        lines: [{ kind: 'correction', description: 'correction of 2026-11', amountNano: HOUR_NANO }],
        totalNano: HOUR_NANO,
      },
    });
    expect(await books.postCharges()).toEqual({ posted: 0 });
  });

  it('costs nothing when the minimum has paid for it', async () => {
    await late({ minimumNano: 100n * POUND });
    const december = await books.ledger.ofPeriod(ACME, periodAt(books.clock.nowMs()));
    expect(december.map(({ transferId, kind, corrects }) => [transferId, kind, corrects])).toEqual([
      [`chg_${ACME}_${T0 + HOUR_MS}_0`, 'correction', NOVEMBER],
      [`min_${ACME}_2026-11_GBP_1`, 'correction', NOVEMBER],
    ]);
    expect(paidBy(december)).toBe(0n);
  });
});
