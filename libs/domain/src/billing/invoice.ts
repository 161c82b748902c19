import type { InvoiceId, TenantId, TransferId } from '../ids.ts';
import type { FxRatio } from './fx.ts';
import type { Period } from './period.ts';

export type InvoiceLineKind =
  'usage' | 'included' | 'commitment' | 'minimum' | 'correction' | 'sla_credit' | 'refund' | 'grant';

export interface InvoiceLine {
  readonly kind: InvoiceLineKind;
  readonly description: string;
  readonly model?: string;
  readonly modelVersion?: string;
  readonly region?: string;
  readonly unit: 'active_second' | 'started_minute' | 'month';
  /** Units; active seconds to the millisecond. */
  readonly quantity: number;
  /** In the plan's currency; undefined where units of the line have different prices. */
  readonly unitPriceNano?: bigint;
  /** Whole minor units of `currency`. Below 0: in the tenant's favour. */
  readonly amountNano: bigint;
  readonly currency: string;
  /** At which the line was converted, and from what; frozen with it. */
  readonly fxRate?: FxRatio & { readonly from: string };
  /** What of the ledger it stands for. */
  readonly transferIds?: readonly TransferId[];
}

export interface Invoice {
  readonly invoiceId: InvoiceId;
  /** Without gaps within a period; undefined in a preview. */
  readonly number?: string;
  readonly tenantId: TenantId;
  readonly period: Period;
  readonly currency: string;
  readonly status: 'preview' | 'issued';
  readonly lines: readonly InvoiceLine[];
  /** Exactly the sum of the lines. */
  readonly totalNano: bigint;
  readonly issuedAtMs?: number;
}

export const invoiceIdOf = (tenantId: TenantId, period: Period): InvoiceId =>
  `inv_${tenantId}_${period}` as InvoiceId;
