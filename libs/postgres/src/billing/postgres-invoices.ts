// The period's row is locked first: who posts to it meanwhile waits, and is then refused. So what is counted under the
// lock is all that the period will ever have.
import type { InvoiceQuery, Invoices, IssueOutcome, PeriodClosing } from '@meridian/application';
import type { Invoice, InvoiceId, Period, TenantId } from '@meridian/domain';
import type { Database, Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { invoiceFrom, lineRow, type InvoiceRow, type LineRow } from './invoice-rows.ts';
import { insertTransfers } from './transfer-rows.ts';

const LIST = `
  SELECT * FROM invoices
  WHERE ($1::text IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR period = $2)
    AND ($3::timestamptz IS NULL OR issued_at >= $3) AND ($4::text IS NULL OR invoice_id = $4)
  ORDER BY period DESC, number`;

const LINES = 'SELECT * FROM invoice_lines WHERE invoice_id = ANY ($1) ORDER BY invoice_id, line';

const NUMBER = `
  INSERT INTO invoice_counters AS c VALUES ($1, 1)
  ON CONFLICT (period) DO UPDATE SET issued = c.issued + 1 RETURNING issued`;

const STORE = `
  WITH head AS (INSERT INTO invoices VALUES ($1, $2, $3, $4, $5, $6, $7)),
  lines AS (INSERT INTO invoice_lines SELECT * FROM json_populate_recordset(NULL::invoice_lines, $8))
  UPDATE billing_periods SET closed_at = $7 WHERE tenant_id = $3 AND period = $4`;

const NUMBER_DIGITS = 6;

export class PostgresInvoices implements Invoices {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  issue(closing: PeriodClosing): Promise<IssueOutcome> {
    return this.#database.transaction(async (runner): Promise<IssueOutcome> => {
      const { invoiceId, tenantId, period } = closing.invoice;
      if (await lockPeriod(runner, tenantId, period)) {
        const [invoice] = await readInvoices(runner, { invoiceId });
        if (!invoice) throw new Error(`${period} of ${tenantId} is closed without an invoice`);
        return { kind: 'already_issued', invoice };
      }
      if ((await countTransfers(runner, tenantId, period)) !== closing.transfersSeen)
        return { kind: 'stale' };
      await insertTransfers(runner, closing.transfers);
      return { kind: 'issued', invoice: await store(runner, closing) };
    });
  }

  async find(invoiceId: InvoiceId): Promise<Invoice | undefined> {
    return (await this.#database.snapshot((runner) => readInvoices(runner, { invoiceId })))[0];
  }

  list(query: InvoiceQuery): Promise<readonly Invoice[]> {
    return this.#database.snapshot((runner) => readInvoices(runner, query));
  }

  async closedPeriods(tenantId: TenantId): Promise<ReadonlySet<Period>> {
    const { rows } = await this.#database.query<{ period: Period }>(
      'SELECT period FROM billing_periods WHERE tenant_id = $1 AND closed_at IS NOT NULL',
      [tenantId],
    );
    return new Set(rows.map(({ period }) => period));
  }

  async openPeriods(before: Period) {
    const { rows } = await this.#database.query<{ tenant_id: TenantId; period: Period }>(
      `SELECT tenant_id, period FROM billing_periods WHERE closed_at IS NULL AND period < $1
       ORDER BY period, tenant_id COLLATE "C"`,
      [before],
    );
    return rows.map(({ tenant_id, period }) => ({ tenantId: tenant_id, period }));
  }
}

/** Answers whether it is closed. */
async function lockPeriod(runner: Runner, tenantId: TenantId, period: Period): Promise<boolean> {
  await runner.query('INSERT INTO billing_periods VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    tenantId,
    period,
  ]);
  const { rows } = await runner.query<{ is_closed: boolean }>(
    `SELECT closed_at IS NOT NULL AS is_closed FROM billing_periods WHERE tenant_id = $1 AND period = $2 FOR UPDATE`,
    [tenantId, period],
  );
  return rows[0]?.is_closed === true;
}

async function countTransfers(runner: Runner, tenantId: TenantId, period: Period): Promise<number> {
  const { rows } = await runner.query<{ count: string }>(
    'SELECT count(*) FROM ledger_transfers WHERE tenant_id = $1 AND period = $2',
    [tenantId, period],
  );
  return Number(rows[0]?.count);
}

async function store(runner: Runner, { invoice, atMs }: PeriodClosing): Promise<Invoice> {
  const { invoiceId, tenantId, period, currency, lines, totalNano } = invoice;
  const { rows } = await runner.query<{ issued: number }>(NUMBER, [period]);
  const number = `${period}-${String(rows[0]?.issued).padStart(NUMBER_DIGITS, '0')}`;
  const json = JSON.stringify(lines.map((line, i) => lineRow(invoiceId, line, i)));
  const head = [invoiceId, number, tenantId, period, currency, String(totalNano), timestamp(atMs)];
  await runner.query(STORE, [...head, json]);
  return { ...invoice, number, status: 'issued', issuedAtMs: atMs };
}

async function readInvoices(
  runner: Runner,
  query: InvoiceQuery & { readonly invoiceId?: InvoiceId },
): Promise<readonly Invoice[]> {
  const { tenantId = null, period = null, issuedSinceMs, invoiceId = null } = query;
  const since = issuedSinceMs === undefined ? null : timestamp(issuedSinceMs);
  const { rows } = await runner.query<InvoiceRow>(LIST, [tenantId, period, since, invoiceId]);
  const lines = await runner.query<LineRow>(LINES, [rows.map(({ invoice_id }) => invoice_id)]);
  const byInvoice = Map.groupBy(lines.rows, ({ invoice_id }) => invoice_id);
  return rows.map((row) => invoiceFrom(row, byInvoice.get(row.invoice_id) ?? []));
}
