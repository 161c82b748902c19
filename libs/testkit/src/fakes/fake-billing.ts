// Prices, the ledger and invoices in memory, as Postgres keeps them: one state behind all the ports.
import type { BillingStores, Budgets, FxRates, PricePlans } from '@meridian/application';
import type { Budget, BudgetId, FxRate, Invoice, InvoiceId, PricePlan, Transfer } from '@meridian/domain';
import type { Period, TenantId, TransferId } from '@meridian/domain';
import { FakeChargeMarks } from './fake-charge-marks.ts';
import { FakeInvoices } from './fake-invoices.ts';
import { FakeLedger } from './fake-ledger.ts';
import type { FakeRecord } from './fake-record.ts';

export class FakeBilling implements BillingStores {
  readonly record: FakeRecord;
  readonly transfers = new Map<TransferId, Transfer>();
  readonly invoicesById = new Map<InvoiceId, Invoice>();
  /** By tenant and period; false: open. */
  readonly periods = new Map<
    string,
    { readonly tenantId: TenantId; readonly period: Period; isClosed: boolean }
  >();
  readonly ledger = new FakeLedger(this);
  readonly invoices = new FakeInvoices(this);
  readonly chargeMarks: FakeChargeMarks;
  readonly plans: PricePlans;
  readonly fxRates: FxRates;
  readonly budgets: Budgets;

  constructor(record: FakeRecord) {
    this.record = record;
    this.chargeMarks = new FakeChargeMarks(record);
    this.plans = fakePlans(record, this.chargeMarks);
    this.fxRates = fakeFxRates(record);
    this.budgets = fakeBudgets(record);
  }

  /** The period's state, made at its first transfer. */
  periodOf(tenantId: TenantId, period: Period) {
    const key = `${tenantId} ${period}`;
    const known = this.periods.get(key) ?? { tenantId, period, isClosed: false };
    this.periods.set(key, known);
    return known;
  }
}

function fakePlans(record: FakeRecord, marks: FakeChargeMarks): PricePlans {
  const plans = new Map<string, PricePlan>();
  return {
    all: () =>
      record.do(() =>
        [...plans.values()].sort(
          (a, b) =>
            a.effectiveFromMs - b.effectiveFromMs ||
            a.recordedAtMs - b.recordedAtMs ||
            (a.planId < b.planId ? -1 : 1),
        ),
      ),
    add: (plan) =>
      record.do(() => {
        if (plans.has(plan.planId)) return;
        plans.set(plan.planId, plan);
        marks.markPlanned(plan);
      }),
  };
}

function fakeFxRates(record: FakeRecord): FxRates {
  const rates = new Map<string, FxRate>();
  return {
    all: () =>
      record.do(() =>
        [...rates.values()].sort(
          (a, b) => a.effectiveFromMs - b.effectiveFromMs || a.recordedAtMs - b.recordedAtMs,
        ),
      ),
    add: (rate) =>
      record.do(() => {
        const key = `${rate.from} ${rate.to} ${rate.effectiveFromMs} ${rate.recordedAtMs}`;
        if (!rates.has(key)) rates.set(key, rate);
      }),
  };
}

function fakeBudgets(record: FakeRecord): Budgets {
  const budgets = new Map<BudgetId, Budget>();
  const isOf = (tenantId: TenantId, budgetId: BudgetId): boolean =>
    budgets.get(budgetId)?.tenantId === tenantId;
  return {
    list: (tenantId) =>
      record.do(() =>
        [...budgets.values()]
          .filter((budget) => tenantId === undefined || budget.tenantId === tenantId)
          .sort((a, b) => (a.budgetId < b.budgetId ? -1 : 1)),
      ),
    put: (budget) =>
      record.do(() => {
        if (!budgets.has(budget.budgetId) || isOf(budget.tenantId, budget.budgetId))
          budgets.set(budget.budgetId, budget);
      }),
    remove: (tenantId, budgetId) => record.do(() => isOf(tenantId, budgetId) && budgets.delete(budgetId)),
  };
}
