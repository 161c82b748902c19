// What the database itself refuses, whoever asks: a mistake in our code, or a hand at the console.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PeriodClosed } from '@meridian/application';
import { HOUR_MS, periodAt, type Period, type Transfer } from '@meridian/domain';
import { anInvoice, aPricePlan, aTenant, aTransfer, tenantId } from '@meridian/testkit';
import { openRecord, type RecordFixture } from '../testing/fixture.ts';

const T0 = Date.UTC(2026, 10, 1);
const DECEMBER = Date.UTC(2026, 11, 5);
const ACME = tenantId('acme');

describe('the database keeps the books', () => {
  let record: RecordFixture;
  beforeAll(async () => {
    record = await openRecord();
  });
  afterAll(() => record.drop());
  const run = (sql: string, values: unknown[] = []) => record.database.query(sql, values);
  beforeEach(async () => {
    await record.clear();
    await record.tenants.createTenant(aTenant());
    await record.billing.plans.add(aPricePlan());
    await record.billing.ledger.post([aTransfer()]);
    const closing = { invoice: anInvoice(), transfers: [], transfersSeen: 1, atMs: DECEMBER };
    expect(await record.billing.invoices.issue(closing)).toMatchObject({ kind: 'issued' });
  });

  it.each(['ledger_transfers', 'invoices', 'invoice_lines', 'price_plans'])(
    '%s are never changed',
    async (table) => {
      await expect(run(`DELETE FROM ${table}`)).rejects.toThrow('never changed');
      const column =
        table === 'invoice_lines' ? 'description' : table === 'price_plans' ? 'name' : 'currency';
      await expect(run(`UPDATE ${table} SET ${column} = 'EUR'`)).rejects.toThrow('never changed');
    },
  );

  it('balances follow from transfers alone', async () => {
    await expect(run('UPDATE ledger_balances SET debit_nano = 0')).rejects.toThrow('never changed');
    await expect(run('DELETE FROM ledger_balances')).rejects.toThrow('never changed');
    const made = `INSERT INTO ledger_balances VALUES ('${ACME}', 'cash:GBP', 'GBP', 1, 1)`;
    await expect(run(made)).rejects.toThrow('never changed');
  });

  it('a closed period stays closed, and takes nothing', async () => {
    await expect(run('UPDATE billing_periods SET closed_at = NULL')).rejects.toThrow('never changed');
    await expect(run('DELETE FROM billing_periods')).rejects.toThrow('never changed');
    const late = aTransfer({ hourMs: T0 + 5 * HOUR_MS });
    await expect(record.billing.ledger.post([late])).rejects.toThrow(PeriodClosed);
    const insert = `INSERT INTO ledger_transfers SELECT 'x', kind, at, period, tenant_id, debit, credit, 1, currency
        FROM ledger_transfers`;
    await expect(run(insert)).rejects.toThrow('is closed');
  });

  it('an invoice is the sum of its lines', async () => {
    const more = `INSERT INTO invoice_lines (invoice_id, line, kind, description, unit, quantity, amount_nano)
        SELECT invoice_id, 99, 'usage', 'more', 'month', 1, 1 FROM invoices`;
    await expect(run(more)).rejects.toThrow('do not add up');
  });

  it('a transfer is of its month, in one currency, between its tenant and us, of more than nothing', async () => {
    const december = { atMs: DECEMBER, period: periodAt(DECEMBER) };
    const bad: readonly Partial<Transfer>[] = [
      { period: '2027-01' as Period },
      { credit: 'revenue:EUR' as Transfer['credit'] },
      { credit: `tenant/${ACME}/wallet:GBP` as Transfer['credit'] },
      { debit: 'cash:GBP' as Transfer['debit'] },
      { debit: 'tenant/ten_other/receivable:GBP' as Transfer['debit'] },
      { amountNano: 0n },
      { kind: 'gift' as Transfer['kind'] },
      { corrects: '2027-01' as Period, kind: 'correction' },
    ];
    for (const over of bad) {
      const row = aTransfer({ ...december, hourMs: T0 + HOUR_MS, ...over });
      await expect(record.billing.ledger.post([row])).rejects.toMatchObject({ code: '23514' });
    }
  });
});
