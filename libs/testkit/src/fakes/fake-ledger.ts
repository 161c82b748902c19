import {
  PeriodClosed,
  RefundTooLarge,
  type ChargedTenant,
  type Ledger,
  type PostedHour,
  type PostOutcome,
  type TransferPage,
  type TransferQuery,
} from '@meridian/application';
import { balancesOf, isSamePosting, paidNano } from '@meridian/domain';
import type { AccountBalance, Period, TenantId, Transfer, TransferId } from '@meridian/domain';
import type { FakeBilling } from './fake-billing.ts';

export class FakeLedger implements Ledger {
  readonly #billing: FakeBilling;

  constructor(billing: FakeBilling) {
    this.#billing = billing;
  }

  post(transfers: readonly Transfer[]): Promise<PostOutcome> {
    return this.#billing.record.do(() => this.insert(transfers));
  }

  /** All or none, within a transaction of somebody else. */
  insert(transfers: readonly Transfer[]): PostOutcome {
    const { transfers: rows } = this.#billing;
    const fresh = transfers.filter(({ transferId }) => !rows.has(transferId));
    for (const transfer of fresh) this.#admit(transfer);
    const others = transfers.filter(({ transferId }) => rows.has(transferId));
    const isKnown = (transfer: Transfer): boolean => {
      const there = rows.get(transfer.transferId);
      return there !== undefined && isSamePosting(there, transfer);
    };
    for (const transfer of fresh) rows.set(transfer.transferId, transfer);
    return {
      posted: fresh.map(idOf),
      known: others.filter(isKnown).map(idOf),
      conflicting: others.filter((transfer) => !isKnown(transfer)).map(idOf),
    };
  }

  #admit(transfer: Transfer): void {
    const { tenantId, period, kind, refersTo, amountNano } = transfer;
    if (this.#billing.periodOf(tenantId, period).isClosed) throw new PeriodClosed();
    if (kind !== 'refund') return;
    const paid = refersTo && this.#billing.transfers.get(refersTo);
    const refunds = this.#rows((row) => row.kind === 'refund' && row.refersTo === refersTo);
    const givenBack = refunds.reduce((sum, row) => sum + row.amountNano, 0n);
    if (!paid || paid.debit !== transfer.credit || givenBack + amountNano > paid.amountNano)
      throw new RefundTooLarge();
  }

  find(transferId: TransferId): Promise<Transfer | undefined> {
    return this.#billing.record.do(() => this.#billing.transfers.get(transferId));
  }

  balances(tenantId: TenantId): Promise<readonly AccountBalance[]> {
    return this.#billing.record.do(() => balancesOf(this.#rows((row) => row.tenantId === tenantId)));
  }

  page({ tenantId, period, kinds, after, limit }: TransferQuery): Promise<TransferPage> {
    return this.#billing.record.do(() => {
      const rows = this.#rows(
        (row) =>
          (tenantId === undefined || row.tenantId === tenantId) &&
          (period === undefined || row.period === period) &&
          (kinds === undefined || kinds.includes(row.kind)),
      );
      const from = after === undefined ? 0 : rows.findIndex((row) => row.transferId === after) + 1;
      const transfers = rows.slice(from, from + limit);
      const last = transfers.at(-1);
      return { transfers, ...(rows.length > from + limit && last && { next: last.transferId }) };
    });
  }

  ofPeriod(tenantId: TenantId, period: Period): Promise<readonly Transfer[]> {
    return this.#billing.record.do(() =>
      this.#rows((row) => row.tenantId === tenantId && row.period === period),
    );
  }

  pricing(tenantId: TenantId, period: Period): Promise<readonly Transfer[]> {
    return this.#billing.record.do(() =>
      this.#rows((row) => row.tenantId === tenantId && (row.corrects ?? row.period) === period),
    );
  }

  postedHours(tenantId: TenantId, fromMs: number, toMs: number): Promise<readonly PostedHour[]> {
    return this.#billing.record.do(() => {
      const hours = Map.groupBy(
        this.#usage(fromMs, toMs).filter((row) => row.tenantId === tenantId),
        ({ hourMs, currency }) => `${hourMs} ${currency}`,
      );
      return [...hours.values()]
        .map((rows) => ({
          hourMs: rows[0]?.hourMs ?? 0,
          currency: rows[0]?.currency ?? '',
          netNano: netOf(rows),
        }))
        .sort((a, b) => a.hourMs - b.hourMs || (a.currency < b.currency ? -1 : 1));
    });
  }

  charged(fromMs: number, toMs: number): Promise<readonly ChargedTenant[]> {
    return this.#billing.record.do(() => {
      const groups = Map.groupBy(
        this.#usage(fromMs, toMs),
        ({ tenantId, currency }) => `${tenantId} ${currency}`,
      );
      return [...groups]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, rows]) =>
          rows.slice(0, 1).map(({ tenantId, currency }) => ({ tenantId, currency, netNano: netOf(rows) })),
        );
    });
  }

  #usage(fromMs: number, toMs: number): readonly Transfer[] {
    return this.#rows(
      ({ kind, hourMs = -1 }) =>
        (kind === 'charge' || kind === 'correction') && hourMs >= fromMs && hourMs < toMs && hourMs >= 0,
    );
  }

  #rows(isWanted: (row: Transfer) => boolean): readonly Transfer[] {
    return [...this.#billing.transfers.values()]
      .filter(isWanted)
      .sort((a, b) => a.atMs - b.atMs || (a.transferId < b.transferId ? -1 : 1));
  }
}

const idOf = ({ transferId }: Transfer): TransferId => transferId;
const netOf = (rows: readonly Transfer[]): bigint => rows.reduce((sum, row) => sum + paidNano(row), 0n);
