import type { BillingStores } from '@meridian/application';
import type { Database } from '../database.ts';
import { PostgresBudgets } from './postgres-budgets.ts';
import { PostgresChargeMarks } from './postgres-charge-marks.ts';
import { PostgresFxRates } from './postgres-fx-rates.ts';
import { PostgresInvoices } from './postgres-invoices.ts';
import { PostgresLedger } from './postgres-ledger.ts';
import { PostgresPricePlans } from './postgres-price-plans.ts';

export const postgresBilling = (database: Database): BillingStores => ({
  plans: new PostgresPricePlans(database),
  fxRates: new PostgresFxRates(database),
  ledger: new PostgresLedger(database),
  invoices: new PostgresInvoices(database),
  budgets: new PostgresBudgets(database),
  chargeMarks: new PostgresChargeMarks(database),
});
