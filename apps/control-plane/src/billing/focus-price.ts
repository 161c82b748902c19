// What a tenant is charged, as FOCUS: a row for each entry of the ledger that is on its invoices. Money that was paid in
// is a payment, not a charge, and is left out.
import type { Invoices, Ledger, Tenant, UsageHours } from '@meridian/application';
import { invoiceIdOf, paidNano, periodAt, periodEndMs, periodStartMs, type Transfer } from '@meridian/domain';
import { SERVICE, costs, hoursOf, periods, type FocusRow } from './focus.ts';
import type { Window } from './window.ts';

export interface FocusPricePorts {
  readonly ledger: Ledger;
  readonly usageHours: UsageHours;
  readonly invoices: Pick<Invoices, 'closedPeriods'>;
}

const HOUR_MS = 3_600_000;

type Kind = Transfer['kind'];
const CATEGORY: Readonly<Record<Exclude<Kind, 'top_up'>, string>> = {
  charge: 'Usage',
  correction: 'Usage',
  minimum: 'Purchase',
  commitment: 'Purchase',
  grant: 'Credit',
  sla_credit: 'Credit',
  refund: 'Credit',
};

const FREQUENCY: typeof CATEGORY = {
  charge: 'Usage-Based',
  correction: 'Usage-Based',
  minimum: 'Recurring',
  commitment: 'Recurring',
  grant: 'One-Time',
  sla_credit: 'One-Time',
  refund: 'One-Time',
};

/** A month of the ledger is read at a time; entries by their own time. */
export async function* focusPriceRows(
  { ledger, usageHours, invoices }: FocusPricePorts,
  tenant: Tenant,
  { fromMs, toMs }: Window,
): AsyncGenerator<FocusRow> {
  const closed = await invoices.closedPeriods(tenant.tenantId);
  for (let period = periodAt(fromMs); periodStartMs(period) < toMs; period = periodAt(periodEndMs(period))) {
    const window = { fromMs: periodStartMs(period) - HOUR_MS, toMs: periodEndMs(period) };
    const hours = await usageHours.read({
      ...{ ...window, tenantId: tenant.tenantId, groupBy: [], interval: 'hour', timeZone: 'UTC' },
    });
    const usedMs = new Map(hours.map((row) => [row.fromMs, row.activeMs]));
    for (const transfer of await ledger.ofPeriod(tenant.tenantId, period)) {
      if (transfer.kind === 'top_up' || transfer.atMs < fromMs || transfer.atMs >= toMs) continue;
      const row = chargeRow(tenant, transfer, transfer.kind, usedMs.get(transfer.hourMs ?? -1) ?? 0);
      yield closed.has(period) ? { ...row, InvoiceId: invoiceIdOf(tenant.tenantId, period) } : row;
    }
  }
}

function chargeRow(
  { tenantId, name }: Tenant,
  transfer: Transfer,
  kind: Exclude<Kind, 'top_up'>,
  usedMs: number,
): FocusRow {
  const { period, hourMs, currency, corrects, reason } = transfer;
  const [fromMs, toMs] =
    hourMs === undefined ? [periodStartMs(period), periodEndMs(period)] : [hourMs, hourMs + HOUR_MS];
  return {
    ...{ ...SERVICE, ...costs(paidNano(transfer)), ...periods(fromMs, toMs, periodStartMs(period)) },
    BillingAccountId: tenantId,
    BillingAccountName: name,
    BillingAccountType: 'Tenant',
    BillingCurrency: currency,
    ChargeCategory: CATEGORY[kind],
    ...(corrects !== undefined && { ChargeClass: 'Correction' }),
    ChargeDescription: reason,
    ChargeFrequency: FREQUENCY[kind],
    ...quantities(kind, usedMs),
    SubAccountId: tenantId,
    SubAccountName: name,
    SubAccountType: 'Tenant',
    Tags: '{}',
    ...{ x_TransferId: transfer.transferId, x_TransferKind: kind },
  };
}

/** Credits have no quantity. */
function quantities(kind: Exclude<Kind, 'top_up'>, usedMs: number): FocusRow {
  if (CATEGORY[kind] === 'Credit') return {};
  if (CATEGORY[kind] === 'Purchase') {
    return { PricingCategory: 'Standard', PricingQuantity: 1, PricingUnit: 'Months' };
  }
  return {
    ...{ ConsumedQuantity: hoursOf(usedMs), ConsumedUnit: 'User-Hours' },
    ...{ PricingCategory: 'Standard', PricingQuantity: hoursOf(usedMs), PricingUnit: 'User-Hours' },
  };
}
