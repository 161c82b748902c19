import type { Budgets } from './budgets.ts';
import type { ChargeMarks } from './charge-marks.ts';
import type { FxRates } from './fx-rates.ts';
import type { Invoices } from './invoices.ts';
import type { Ledger } from './ledger.ts';
import type { PricePlans } from './price-plans.ts';

/** Where prices, transfers and invoices are kept: one record, so that an invoice and the ledger cannot disagree. */
export interface BillingStores {
  readonly plans: PricePlans;
  readonly fxRates: FxRates;
  readonly ledger: Ledger;
  readonly invoices: Invoices;
  readonly budgets: Budgets;
  readonly chargeMarks: ChargeMarks;
}
