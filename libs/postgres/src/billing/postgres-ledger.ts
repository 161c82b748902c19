import type {
  ChargedTenant,
  Ledger,
  PostedHour,
  PostOutcome,
  TransferPage,
  TransferQuery,
} from '@meridian/application';
import { isSamePosting } from '@meridian/domain';
import type { AccountBalance, AccountId, Period, TenantId, Transfer, TransferId } from '@meridian/domain';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { insertTransfers, transferFrom, type TransferRow } from './transfer-rows.ts';

const IN_ORDER = 'ORDER BY at, transfer_id COLLATE "C"';

const PAGE = `
  SELECT * FROM ledger_transfers
  WHERE ($1::text IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR period = $2)
    AND ($3::text[] IS NULL OR kind = ANY ($3))
    AND ($4::timestamptz IS NULL OR (at, transfer_id COLLATE "C") > ($4, $5))
  ${IN_ORDER} LIMIT $6`;

/** What the tenant paid, less what was given back, for usage. */
const NET = `sum(CASE WHEN starts_with(debit, 'tenant/') THEN amount_nano ELSE -amount_nano END)`;

interface BalanceRow {
  readonly tenant_id: TenantId;
  readonly account: AccountId;
  readonly currency: string;
  readonly debit_nano: string;
  readonly credit_nano: string;
}

export class PostgresLedger implements Ledger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async post(transfers: readonly Transfer[]): Promise<PostOutcome> {
    const posted = await this.#database.transaction((runner) => insertTransfers(runner, transfers));
    const others = transfers.filter(({ transferId }) => !posted.has(transferId));
    const there = others.length === 0 ? [] : await this.#read('transfer_id = ANY ($1)', [others.map(idOf)]);
    const isKnown = (transfer: Transfer): boolean => there.some((row) => isSamePosting(row, transfer));
    return {
      posted: [...posted],
      known: others.filter(isKnown).map(idOf),
      conflicting: others.filter((transfer) => !isKnown(transfer)).map(idOf),
    };
  }

  async find(transferId: TransferId): Promise<Transfer | undefined> {
    return (await this.#read('transfer_id = $1', [transferId]))[0];
  }

  async balances(tenantId: TenantId): Promise<readonly AccountBalance[]> {
    const { rows } = await this.#database.query<BalanceRow>(
      'SELECT * FROM ledger_balances WHERE tenant_id = $1 ORDER BY account COLLATE "C"',
      [tenantId],
    );
    return rows.map((row) => ({
      ...{ tenantId: row.tenant_id, account: row.account, currency: row.currency },
      ...{ debitNano: BigInt(row.debit_nano), creditNano: BigInt(row.credit_nano) },
    }));
  }

  async page({ tenantId, period, kinds, after, limit }: TransferQuery): Promise<TransferPage> {
    const [at, id] = after === undefined ? [null, null] : cursorOf(after);
    const given = [tenantId ?? null, period ?? null, kinds ?? null, at, id, limit + 1];
    const { rows } = await this.#database.query<TransferRow>(PAGE, given);
    const transfers = rows.slice(0, limit).map(transferFrom);
    const last = transfers.at(-1);
    return { transfers, ...(rows.length > limit && last && { next: `${last.atMs} ${last.transferId}` }) };
  }

  ofPeriod(tenantId: TenantId, period: Period): Promise<readonly Transfer[]> {
    return this.#read('tenant_id = $1 AND period = $2', [tenantId, period]);
  }

  pricing(tenantId: TenantId, period: Period): Promise<readonly Transfer[]> {
    const where =
      '(tenant_id = $1 AND period = $2 AND corrects IS NULL) OR (tenant_id = $1 AND corrects = $2)';
    return this.#read(where, [tenantId, period]);
  }

  async postedHours(tenantId: TenantId, fromMs: number, toMs: number): Promise<readonly PostedHour[]> {
    const { rows } = await this.#database.query<{ hour: Date; currency: string; net_nano: string }>(
      `SELECT hour, currency, ${NET} AS net_nano FROM ledger_transfers
       WHERE tenant_id = $1 AND hour >= $2 AND hour < $3 AND kind IN ('charge', 'correction')
       GROUP BY hour, currency ORDER BY hour, currency`,
      [tenantId, timestamp(fromMs), timestamp(toMs)],
    );
    return rows.map((row) => ({
      ...{ hourMs: row.hour.getTime(), currency: row.currency, netNano: BigInt(row.net_nano) },
    }));
  }

  async charged(fromMs: number, toMs: number): Promise<readonly ChargedTenant[]> {
    const { rows } = await this.#database.query<{ tenant_id: TenantId; currency: string; net_nano: string }>(
      `SELECT tenant_id, currency, ${NET} AS net_nano FROM ledger_transfers
       WHERE hour >= $1 AND hour < $2 AND kind IN ('charge', 'correction')
       GROUP BY tenant_id, currency ORDER BY tenant_id COLLATE "C", currency`,
      [timestamp(fromMs), timestamp(toMs)],
    );
    return rows.map((row) => ({
      ...{ tenantId: row.tenant_id, currency: row.currency, netNano: BigInt(row.net_nano) },
    }));
  }

  async #read(where: string, values: unknown[]): Promise<readonly Transfer[]> {
    const sql = `SELECT * FROM ledger_transfers WHERE ${where} ${IN_ORDER}`;
    return (await this.#database.query<TransferRow>(sql, values)).rows.map(transferFrom);
  }
}

const idOf = ({ transferId }: Transfer): TransferId => transferId;

function cursorOf(after: string): readonly [string, string] {
  const [atMs = '', id = ''] = after.split(' ');
  return [timestamp(Number(atMs)), id];
}
