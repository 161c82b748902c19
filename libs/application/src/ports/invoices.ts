import type { Invoice, InvoiceId, Period, TenantId, Transfer } from '@meridian/domain';

/** How a period ends: its last transfers, the invoice, and what it was made from. */
export interface PeriodClosing {
  /** A preview of the invoice: it gets its number when it is issued. */
  readonly invoice: Invoice;
  /** Minimum, commitment, service credits; of this period. */
  readonly transfers: readonly Transfer[];
  /** How many transfers the period had when the invoice was made. */
  readonly transfersSeen: number;
  readonly atMs: number;
}

export type IssueOutcome =
  | { readonly kind: 'issued'; readonly invoice: Invoice }
  /** The period was closed before. */
  | { readonly kind: 'already_issued'; readonly invoice: Invoice }
  /** Something was posted to the period meanwhile: the invoice has to be made anew. */
  | { readonly kind: 'stale' };

export interface InvoiceQuery {
  readonly tenantId?: TenantId;
  readonly period?: Period;
  /** Issued at or after it, Unix ms. */
  readonly issuedSinceMs?: number;
}

/** Issued invoices, never changed. Every method throws `StoreUnavailable`. */
export interface Invoices {
  /** Posts, numbers, stores and closes the period, together or not at all. */
  issue(closing: PeriodClosing): Promise<IssueOutcome>;
  find(invoiceId: InvoiceId): Promise<Invoice | undefined>;
  /** Newest period first, then by number. */
  list(query: InvoiceQuery): Promise<readonly Invoice[]>;
  closedPeriods(tenantId: TenantId): Promise<ReadonlySet<Period>>;
  /** Periods before this one that have transfers and are not closed, oldest first. */
  openPeriods(before: Period): Promise<readonly { readonly tenantId: TenantId; readonly period: Period }[]>;
}
