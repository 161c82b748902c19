import {
  HOUR_MS,
  hourOf,
  houseAccount,
  invoiceIdOf,
  periodAt,
  receivable,
  type Invoice,
  type PlanId,
  type PricePlan,
  type Transfer,
  type TransferId,
} from '@meridian/domain';
import { tenantId } from './builders.ts';

/** £3.60 an active hour, for everyone. */
export const aPricePlan = (over: Partial<PricePlan> = {}): PricePlan => ({
  ...{ planId: 'pln_1' as PlanId, name: 'standard', currency: 'GBP', effectiveFromMs: 0, recordedAtMs: 0 },
  lines: [{ unit: 'active_second', mode: 'graduated', tiers: [{ nanoPerUnit: 1_000_000n }] }],
  ...{ includedMs: 0, minimumNano: 0n, billing: 'postpaid' },
  ...over,
});

/** What the first hour of November was charged: £1. */
export const aTransfer = (over: Partial<Transfer> = {}): Transfer => {
  const { tenantId: its = tenantId('acme'), currency = 'GBP', hourMs = Date.UTC(2026, 10, 1) } = over;
  const atMs = over.atMs ?? hourOf(hourMs) + HOUR_MS - 1;
  return {
    ...{ transferId: `chg_${its}_${hourMs}_0` as TransferId, kind: 'charge', atMs, period: periodAt(atMs) },
    ...{ tenantId: its, debit: receivable(its, currency), credit: houseAccount('revenue', currency) },
    ...{ amountNano: 1_000_000_000n, currency, reason: 'usage', hourMs },
    ...over,
  };
};

/** A preview for November of one line of £1. */
export const anInvoice = (over: Partial<Invoice> = {}): Invoice => {
  const { tenantId: its = tenantId('acme'), period = periodAt(Date.UTC(2026, 10, 1)) } = over;
  return {
    ...{ invoiceId: invoiceIdOf(its, period), tenantId: its, period, currency: 'GBP', status: 'preview' },
    lines: [
      {
        ...{ kind: 'usage', description: 'gallery@1.0.0', model: 'gallery', modelVersion: '1.0.0' },
        ...{ region: 'us-east', unit: 'active_second', quantity: 1_000.001, unitPriceNano: 1_000_000n },
        ...{ amountNano: 1_000_000_000n, currency: 'GBP', transferIds: [aTransfer().transferId] },
      },
    ],
    totalNano: 1_000_000_000n,
    ...over,
  };
};
