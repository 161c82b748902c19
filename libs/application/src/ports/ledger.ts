import type { AccountBalance, Period, TenantId, Transfer, TransferId, TransferKind } from '@meridian/domain';

/** What became of each transfer of a posting, by id. */
export interface PostOutcome {
  readonly posted: readonly TransferId[];
  /** The same transfer was there already. */
  readonly known: readonly TransferId[];
  /** Another transfer has this id: nothing was posted under it. */
  readonly conflicting: readonly TransferId[];
}

/** What is posted for one hour of a tenant's usage, in any period: charges less what was taken back. */
export interface PostedHour {
  readonly hourMs: number;
  readonly currency: string;
  readonly netNano: bigint;
}

export interface TransferQuery {
  readonly tenantId?: TenantId;
  readonly period?: Period;
  readonly kinds?: readonly TransferKind[];
  /** Of the page before. */
  readonly after?: string;
  readonly limit: number;
}

export interface TransferPage {
  /** In the order of their time, then id. */
  readonly transfers: readonly Transfer[];
  /** For the page after; undefined on the last. */
  readonly next?: string;
}

/** What was charged to a tenant for the usage of a window. */
export interface ChargedTenant {
  readonly tenantId: TenantId;
  readonly currency: string;
  readonly netNano: bigint;
}

/** Append-only, double-entry. Every method throws `StoreUnavailable`. */
export interface Ledger {
  /**
   * All or none, except those that are there already: posting twice is harmless. Throws `PeriodClosed` when one is of a
   * period that is closed, and `RefundTooLarge` when more would be given back than was paid.
   */
  post(transfers: readonly Transfer[]): Promise<PostOutcome>;
  find(transferId: TransferId): Promise<Transfer | undefined>;
  /** Of the tenant, in the order of their accounts. */
  balances(tenantId: TenantId): Promise<readonly AccountBalance[]>;
  page(query: TransferQuery): Promise<TransferPage>;
  /** What is on the invoice of one tenant and period, in the order of time, then id. */
  ofPeriod(tenantId: TenantId, period: Period): Promise<readonly Transfer[]>;
  /** What prices the period, also from later ones by correction; in the order of time, then id. */
  pricing(tenantId: TenantId, period: Period): Promise<readonly Transfer[]>;
  /** Charges and their corrections for the usage of [fromMs, toMs), by hour and currency. */
  postedHours(tenantId: TenantId, fromMs: number, toMs: number): Promise<readonly PostedHour[]>;
  /** Charges and their corrections for the usage of [fromMs, toMs), by tenant and currency. */
  charged(fromMs: number, toMs: number): Promise<readonly ChargedTenant[]>;
}

/** The period of the transfer is closed: what is to be corrected goes into the current one. */
export class PeriodClosed extends Error {
  override readonly name = 'PeriodClosed';
  constructor(options?: ErrorOptions) {
    super('the period is closed', options);
  }
}

/** Together with what was given back before, the refund would be more than was paid. */
export class RefundTooLarge extends Error {
  override readonly name = 'RefundTooLarge';
  constructor(options?: ErrorOptions) {
    super('more would be given back than was paid', options);
  }
}
