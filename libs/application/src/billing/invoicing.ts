import {
  closingDues,
  DEFAULT_CURRENCY,
  invoiceIdOf,
  isComplete,
  makeInvoice,
  periodEndMs,
  type Due,
  type Invoice,
  type MadeInvoice,
  type Transfer,
} from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { FxRates } from '../ports/fx-rates.ts';
import type { Invoices } from '../ports/invoices.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { TenantRepository } from '../ports/tenant-repository.ts';
import {
  readPeriodPrice,
  tenantSince,
  type PeriodPricePorts,
  type PlannedPrice,
  type TenantPeriod,
} from './period-prices.ts';

export interface InvoicingPorts extends PeriodPricePorts {
  readonly ledger: Ledger;
  readonly invoices: Invoices;
  readonly fxRates: FxRates;
  readonly tenants: TenantRepository;
  readonly clock: Clock;
}

/** An invoice as it would be now, and what it was made from. */
export interface DraftInvoice {
  readonly made: MadeInvoice;
  readonly closing: readonly Due[];
  readonly transfersSeen: number;
  /** All usage is posted, and nothing else. */
  readonly isComplete: boolean;
}

/** The ledger is read before usage: what is posted meanwhile makes the draft incomplete, never wrong. */
export async function draftInvoice(ports: InvoicingPorts, of: TenantPeriod): Promise<DraftInvoice> {
  const posted = await ports.ledger.ofPeriod(of.tenantId, of.period);
  const { price, planFor } = await readPeriodPrice(ports, of);
  const untilMs = Math.min(ports.clock.nowMs(), periodEndMs(of.period));
  const sinceMs = await tenantSince(ports.tenants, of.tenantId);
  const closing = closingDues(price, { ...of, planFor, sinceMs, untilMs });
  const currency = currencyOf(planFor(untilMs - 1), posted);
  const fxRates = await ports.fxRates.all();
  const input = { ...of, currency, price, closing, posted, fxRates };
  const transfersSeen = posted.length;
  return { made: makeInvoice(input), closing, transfersSeen, isComplete: isComplete(input) };
}

const currencyOf = (plan: ReturnType<PlannedPrice['planFor']>, posted: readonly Transfer[]): string =>
  plan?.invoiceCurrency ?? plan?.currency ?? posted[0]?.currency ?? DEFAULT_CURRENCY;

/** What a period's invoice would be if it ended now; of one that is closed, its invoice. */
export type PreviewInvoice = (of: TenantPeriod) => Promise<MadeInvoice>;

export const makePreviewInvoice =
  (ports: InvoicingPorts): PreviewInvoice =>
  async (of) => {
    const issued: Invoice | undefined = await ports.invoices.find(invoiceIdOf(of.tenantId, of.period));
    return issued ? { kind: 'made', invoice: issued } : (await draftInvoice(ports, of)).made;
  };
