// The books over fakes: every use case of billing, as the app wires them.
import { HOUR_MS, paidNano, usageHourKey, type Invoice, type Period, type PricePlan } from '@meridian/domain';
import type { Transfer, UsageHour } from '@meridian/domain';
import {
  aPricePlan,
  aTenant,
  aUsageHour,
  FakeBilling,
  FakeCreditHolds,
  FakeRecord,
  FakeTenantRepository,
  NotedIncidents,
  SeededDraw,
  tenantId,
  VirtualClock,
} from '@meridian/testkit';
import type { BillingEvent } from '../../ports/billing-events.ts';
import { makeBudgetWatch } from '../budget-watch.ts';
import { makeClosePeriod, makeClosePeriods } from '../close-periods.ts';
import { makePreviewInvoice } from '../invoicing.ts';
import { makePostCharges } from '../post-charges.ts';

export const NOVEMBER = '2026-11' as Period;
export const T0 = Date.UTC(2026, 10, 1);
export const DAY_MS = 86_400_000;
export const ACME = tenantId('acme');
export const POUND = 1_000_000_000n;
/** What an hour of one session costs under the plan of these tests. */
export const HOUR_NANO = 3_600_000_000n;
export const OF = { tenantId: ACME, period: NOVEMBER };

export const makeBooks = async (plan: Partial<PricePlan> = {}) => {
  const clock = new VirtualClock(T0);
  const record = new FakeRecord();
  const stores = new FakeBilling(record);
  const tenants = new FakeTenantRepository();
  await tenants.createTenant(aTenant());
  await stores.plans.add(aPricePlan(plan));
  const told = new Map<string, BillingEvent>();
  const emit = async (event: BillingEvent) => {
    if (!told.has(event.eventId)) told.set(event.eventId, event);
  };
  const { plans, fxRates, ledger, invoices, budgets, chargeMarks } = stores;
  const ports = {
    ...{ plans, fxRates, ledger, invoices, budgets, chargeMarks, usageHours: record.usageHours },
    holds: new FakeCreditHolds(record),
    ...{ tenants, clock, draw: new SeededDraw(1), incidents: new NotedIncidents(), events: { emit } },
  };
  const closePeriod = makeClosePeriod(ports);
  return {
    ...{ ports, clock, stores, told, ledger, invoices },
    postCharges: makePostCharges(ports),
    closePeriod,
    closePeriods: makeClosePeriods(ports),
    preview: makePreviewInvoice(ports),
    watchBudgets: makeBudgetWatch(ports),
    /** Usage of the n-th hour of November, in place of what there was. */
    use: (hour: number, over: Partial<UsageHour> = {}) => {
      const used = aUsageHour({ hourMs: T0 + hour * HOUR_MS, ...over });
      record.hours.set(usageHourKey(used), used);
    },
    at: (ms: number) => clock.advance(ms - clock.nowMs()),
    rows: () => ledger.ofPeriod(ACME, NOVEMBER),
    /** The invoice of November, now. */
    issued: async (): Promise<Invoice> => {
      const outcome = await closePeriod(OF);
      if (outcome.kind !== 'issued') throw new Error(outcome.kind);
      return outcome.invoice;
    },
    types: () => [...told.values()].map(({ type }) => type),
  };
};
export type Books = Awaited<ReturnType<typeof makeBooks>>;

/** The store, but for these methods. */
export const instead = <T extends object>(store: T, over: Partial<T>): T =>
  new Proxy(store, {
    get: (target, key) => {
      const found: unknown = Reflect.get(key in over ? over : target, key);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });

export const paidBy = (rows: readonly Transfer[]) => rows.reduce((total, row) => total + paidNano(row), 0n);
