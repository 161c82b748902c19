// Append-only, double-entry: posting again is harmless, a closed period takes no more, and balances are the transfers'.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { PeriodClosed, RefundTooLarge } from '@meridian/application';
import {
  balancesOf,
  HOUR_MS,
  houseAccount,
  periodAt,
  receivable,
  type Invoice,
  type Period,
  type Transfer,
  type TransferId,
} from '@meridian/domain';
import { anInvoice, aTransfer } from '../billing-builders.ts';
import { aTenant, tenantId } from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 1);
const ACME = tenantId('acme');
const OTHER = tenantId('other');
const NOVEMBER = '2026-11' as Period;
const OCTOBER = '2026-10' as Period;
const DECEMBER = Date.UTC(2026, 11, 2);
const ids = (rows: readonly Transfer[]) => rows.map(({ transferId }) => transferId);

/** What every ledger does, and its invoices. Call it in a `describe`; `open` gives an empty record. */
export function ledgerContract(open: OpenRecord): void {
  let record: RecordHarness;
  let { ledger, invoices } = {} as RecordHarness['billing'];
  beforeEach(async () => {
    record = await open();
    ({ ledger, invoices } = record.billing);
    await record.tenants.createTenant(aTenant());
    await record.tenants.createTenant(aTenant({ tenantId: OTHER, name: 'Other' }));
  });
  afterEach(() => record.close());

  /** The charge of the n-th hour of November. */
  const charge = (hour: number, over: Partial<Transfer> = {}) =>
    aTransfer({ hourMs: T0 + hour * HOUR_MS, ...over });
  const refund = (n: number, amountNano: bigint, over: Partial<Transfer> = {}): Transfer => {
    const { hourMs: _hour, ...given } = aTransfer({ atMs: T0 + n });
    return {
      ...{ ...given, transferId: `rfd_${n}` as TransferId, kind: 'refund', refersTo: charge(0).transferId },
      ...{ debit: houseAccount('refunds', 'GBP'), credit: receivable(ACME, 'GBP'), amountNano, ...over },
    };
  };
  const issue = (transfersSeen: number, over: Partial<Invoice> = {}, transfers: readonly Transfer[] = []) =>
    invoices.issue({ invoice: anInvoice(over), transfers, transfersSeen, atMs: DECEMBER });

  it('keeps what is posted as it is', async () => {
    const full = charge(1, {
      ...{ kind: 'correction', corrects: OCTOBER, refersTo: charge(0).transferId, traceId: 'trace' },
      amountNano: 12_345_678_901_234_567_890n,
    });
    expect(await ledger.post([charge(0)])).toEqual({
      ...{ posted: ids([charge(0)]), known: [], conflicting: [] },
    });
    await ledger.post([full]);
    expect(await ledger.find(full.transferId)).toEqual(full);
    expect(await ledger.find('chg_x' as TransferId)).toBeUndefined();
    expect(await ledger.ofPeriod(ACME, NOVEMBER)).toEqual([charge(0), full]);
  });

  it('takes a posting once, and tells of another under the same id', async () => {
    await ledger.post([charge(0)]);
    const again = [charge(0, { reason: 'again', atMs: T0 }), charge(1)];
    expect(await ledger.post(again)).toEqual({
      ...{ posted: ids([charge(1)]), known: ids([charge(0)]), conflicting: [] },
    });
    expect(await ledger.post([charge(0, { amountNano: 7n })])).toMatchObject({
      conflicting: ids([charge(0)]),
    });
    expect(await ledger.ofPeriod(ACME, NOVEMBER)).toEqual([charge(0), charge(1)]);
    expect(await ledger.post([])).toEqual({ posted: [], known: [], conflicting: [] });
  });

  it('has balances that are the sums of the transfers', async () => {
    const taken = charge(1, { debit: houseAccount('revenue', 'GBP'), credit: receivable(ACME, 'GBP') });
    const rows = [charge(0), taken, charge(2, { amountNano: 5n }), refund(9, 3n)];
    for (const row of [...rows, ...rows]) await ledger.post([row]);
    await ledger.post([
      charge(0, { tenantId: OTHER, transferId: 'o' as TransferId, debit: receivable(OTHER, 'GBP') }),
    ]);
    expect(await ledger.balances(ACME)).toEqual(balancesOf(rows));
    expect(await ledger.balances(tenantId('nobody'))).toEqual([]);
  });

  it('gives back no more than was paid, however often', async () => {
    await ledger.post([charge(0)]);
    await ledger.post([refund(1, 600_000_000n)]);
    await expect(ledger.post([refund(2, 400_000_001n)])).rejects.toThrow(RefundTooLarge);
    await ledger.post([refund(3, 400_000_000n)]);
    await ledger.post([refund(1, 600_000_000n)]);
    await expect(ledger.post([refund(4, 1n)])).rejects.toThrow(RefundTooLarge);
    await expect(ledger.post([refund(5, 1n, { refersTo: 'chg_x' as TransferId })])).rejects.toThrow(
      RefundTooLarge,
    );
  });

  it('reads in pages, in order, by tenant, period and kind', async () => {
    const rows = Array.from({ length: 5 }, (_, hour) => charge(hour));
    const other = charge(1, {
      tenantId: OTHER,
      transferId: 'o' as TransferId,
      debit: receivable(OTHER, 'GBP'),
    });
    await ledger.post([other, ...rows.toReversed()]);
    const first = await ledger.page({ tenantId: ACME, limit: 3 });
    expect(ids(first.transfers)).toEqual(ids(rows.slice(0, 3)));
    const rest = await ledger.page({ tenantId: ACME, limit: 3, ...(first.next && { after: first.next }) });
    expect([ids(rest.transfers), rest.next]).toEqual([ids(rows.slice(3)), undefined]);
    expect((await ledger.page({ limit: 9 })).transfers).toHaveLength(6);
    expect((await ledger.page({ period: OCTOBER, limit: 9 })).transfers).toEqual([]);
    expect((await ledger.page({ kinds: ['refund'], limit: 9 })).transfers).toEqual([]);
    expect((await ledger.page({ kinds: ['charge'], period: NOVEMBER, limit: 9 })).transfers).toHaveLength(6);
  });

  it('knows what prices a period, also from later ones', async () => {
    const late = charge(2, { kind: 'correction', corrects: OCTOBER });
    await ledger.post([charge(0), late]);
    expect(await ledger.pricing(ACME, NOVEMBER)).toEqual([charge(0)]);
    expect(await ledger.pricing(ACME, OCTOBER)).toEqual([late]);
    expect(await ledger.pricing(OTHER, OCTOBER)).toEqual([]);
  });

  it('adds up by hour and by tenant what was charged for usage', async () => {
    const less = {
      ...charge(0, { transferId: 'chg_1' as TransferId, kind: 'correction', amountNano: 4n }),
      ...{ debit: houseAccount('revenue', 'GBP'), credit: receivable(ACME, 'GBP') },
    };
    await ledger.post([charge(0, { amountNano: 10n }), less, charge(1, { amountNano: 5n })]);
    await ledger.post([refund(1, 1n)]);
    expect(await ledger.postedHours(ACME, T0, T0 + HOUR_MS)).toEqual([
      { hourMs: T0, currency: 'GBP', netNano: 6n },
    ]);
    expect(await ledger.postedHours(OTHER, T0, T0 + HOUR_MS)).toEqual([]);
    expect(await ledger.charged(T0, T0 + 2 * HOUR_MS)).toEqual([
      { tenantId: ACME, currency: 'GBP', netNano: 11n },
    ]);
    expect(await ledger.charged(T0 + 2 * HOUR_MS, T0 + 3 * HOUR_MS)).toEqual([]);
  });

  it('issues an invoice, with a number, its last transfers, and the period closed', async () => {
    await ledger.post([charge(0)]);
    expect(await invoices.openPeriods('2026-12' as Period)).toEqual([{ tenantId: ACME, period: NOVEMBER }]);
    const last = charge(5, { transferId: 'min_1_0' as TransferId, kind: 'minimum' });
    const outcome = await issue(1, {}, [last]);
    const invoice = { ...anInvoice(), number: '2026-11-000001', status: 'issued', issuedAtMs: DECEMBER };
    expect(outcome).toEqual({ kind: 'issued', invoice });
    expect(await invoices.find(anInvoice().invoiceId)).toEqual(invoice);
    expect(await ledger.ofPeriod(ACME, NOVEMBER)).toEqual([charge(0), last]);
    expect(await invoices.closedPeriods(ACME)).toEqual(new Set([NOVEMBER]));
    expect(await invoices.closedPeriods(OTHER)).toEqual(new Set());
    expect(await invoices.openPeriods('2026-12' as Period)).toEqual([]);
    expect(await issue(2)).toEqual({ kind: 'already_issued', invoice });
  });

  it('issues nothing when something was posted since the invoice was made', async () => {
    await ledger.post([charge(0), charge(1)]);
    expect(await issue(1, {}, [charge(5)])).toEqual({ kind: 'stale' });
    expect(await invoices.find(anInvoice().invoiceId)).toBeUndefined();
    expect(await invoices.closedPeriods(ACME)).toEqual(new Set());
    expect(await ledger.find(charge(5).transferId)).toBeUndefined();
  });

  it('takes nothing into a closed period but what it has already; all or none', async () => {
    await ledger.post([charge(0)]);
    await issue(1);
    await expect(ledger.post([charge(1)])).rejects.toThrow(PeriodClosed);
    expect(await ledger.post([charge(0)])).toMatchObject({ known: ids([charge(0)]) });
    const late = charge(1, {
      kind: 'correction',
      corrects: NOVEMBER,
      atMs: DECEMBER,
      period: periodAt(DECEMBER),
    });
    const mixed = [late, charge(2)];
    await expect(ledger.post(mixed)).rejects.toThrow(PeriodClosed);
    expect(await ledger.find(late.transferId)).toBeUndefined();
    await ledger.post([late]);
    expect(await ledger.ofPeriod(ACME, NOVEMBER)).toEqual([charge(0)]);
    expect(await ledger.balances(ACME)).toEqual(balancesOf([charge(0), late]));
  });

  it('lists invoices, newest period first, numbered without gaps', async () => {
    const ofOther = { tenantId: OTHER, invoiceId: `inv_${OTHER}_2026-11` as Invoice['invoiceId'] };
    await issue(0);
    await issue(1, { ...ofOther });
    await issue(0, ofOther);
    await issue(0, { period: OCTOBER, invoiceId: `inv_${ACME}_2026-10` as Invoice['invoiceId'] });
    const numbers = async (query: Parameters<typeof invoices.list>[0]) =>
      (await invoices.list(query)).map(({ number }) => number);
    expect(await numbers({})).toEqual(['2026-11-000001', '2026-11-000002', '2026-10-000001']);
    expect(await numbers({ tenantId: OTHER })).toEqual(['2026-11-000002']);
    expect(await numbers({ period: OCTOBER })).toEqual(['2026-10-000001']);
    expect(await numbers({ issuedSinceMs: DECEMBER + 1 })).toEqual([]);
  });

  it('keeps with a line the rate at which it was converted', async () => {
    const [line] = anInvoice().lines;
    if (!line) throw new Error('no line');
    const fxRate = { from: 'USD', numerator: 77n, denominator: 100n };
    const bare = { kind: 'minimum', description: 'm', unit: 'month', quantity: 1, currency: 'GBP' } as const;
    const lines = [
      { ...line, fxRate },
      { ...bare, amountNano: -5n },
    ];
    await issue(0, { lines, totalNano: 999_999_995n });
    expect((await invoices.find(anInvoice().invoiceId))?.lines).toEqual(lines);
  });
}
