import {
  convertNano,
  fxAt,
  partsOf,
  periodAt,
  planAt,
  priceOf,
  walletNano,
  type Budget,
  type PeriodPrice,
  type PricePlan,
  type TenantId,
} from '@meridian/domain';
import type { BillingEvents } from '../ports/billing-events.ts';
import type { Budgets } from '../ports/budgets.ts';
import type { Clock } from '../ports/clock.ts';
import type { CreditHolds } from '../ports/credit-holds.ts';
import type { FxRates } from '../ports/fx-rates.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { TenantRepository } from '../ports/tenant-repository.ts';
import { readPeriodPrice, type PeriodPricePorts } from './period-prices.ts';

export interface BudgetWatchPorts extends PeriodPricePorts {
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly holds: CreditHolds;
  readonly fxRates: FxRates;
  readonly tenants: TenantRepository;
  readonly events: BillingEvents;
  readonly incidents: Incidents;
  readonly clock: Clock;
}

/** Tells of budgets whose thresholds were passed, once for each and period, and of wallets that run low. */
export type BudgetWatch = () => Promise<void>;

export const makeBudgetWatch =
  (ports: BudgetWatchPorts): BudgetWatch =>
  async () => {
    const budgets = Map.groupBy(await ports.budgets.list(), ({ tenantId }) => tenantId);
    for (const [tenantId, own] of budgets) {
      const { price } = await readPeriodPrice(ports, { tenantId, period: periodAt(ports.clock.nowMs()) });
      for (const budget of own) await watchBudget(ports, budget, price);
    }
    const plans = await ports.plans.all();
    for (const { tenantId } of await ports.tenants.listTenants()) {
      const plan = planAt(plans, tenantId, ports.clock.nowMs());
      if (plan?.billing === 'prepaid') await watchWallet(ports, tenantId, plan);
    }
  };

/** What a month has come to so far in the budget's currency; undefined when a rate is missing. */
export async function spentNano(
  { fxRates, clock }: Pick<BudgetWatchPorts, 'fxRates' | 'clock'>,
  { currency }: Pick<Budget, 'currency'>,
  { charges }: PeriodPrice,
): Promise<bigint | undefined> {
  const rates = await fxRates.all();
  let spent = 0n;
  for (const [from, own] of Map.groupBy(charges, ({ plan }) => plan.currency)) {
    const rate = fxAt(rates, from, currency, clock.nowMs());
    if (!rate) return undefined;
    spent += convertNano(
      own.reduce((sum, { nano }) => sum + nano, 0n),
      rate,
    );
  }
  return spent;
}

const PARTS = 1_000_000n;

async function watchBudget(ports: BudgetWatchPorts, budget: Budget, price: PeriodPrice): Promise<void> {
  const charged = await spentNano(ports, budget, price);
  const { budgetId, tenantId } = budget;
  if (charged === undefined) {
    ports.incidents.note('budget not watched: a rate of exchange is missing', new Error(budget.currency), {
      ...{ tenantId, budgetId },
    });
    return;
  }
  const given = await givenNano(ports, budget);
  const spent = charged > given ? charged : given;
  const passed = budget.alertsAt.filter((share) => spent * PARTS >= budget.limitNano * partsOf(share));
  for (const share of passed) await tell(ports, budget, { type: 'budget.alert', share, spent });
  if (spent >= budget.limitNano) await tell(ports, budget, { type: 'budget.exhausted', share: 1, spent });
}

/**
 * What a month comes to with all that sessions on credit were given: those of a budget that stops them are warned of in
 * time, not when the hour is over in which it is spent.
 */
async function givenNano(
  { plans, holds, clock }: BudgetWatchPorts,
  { tenantId, currency, hardStop }: Budget,
): Promise<bigint> {
  const nowMs = clock.nowMs();
  const plan = hardStop ? planAt(await plans.all(), tenantId, nowMs) : undefined;
  if (plan?.currency !== currency) return 0n;
  const { committed } = await holds.read({ tenantId, period: periodAt(nowMs) });
  return priceOf(plan, committed).totalNano;
}

function tell(
  { events, clock }: BudgetWatchPorts,
  { budgetId, tenantId, limitNano, currency, hardStop }: Budget,
  { type, share, spent }: { type: 'budget.alert' | 'budget.exhausted'; share: number; spent: bigint },
): Promise<void> {
  const period = periodAt(clock.nowMs());
  return events.emit({
    eventId: `evt_${type}_${budgetId}_${period}_${share}`,
    ...{ type, tenantId, atMs: clock.nowMs() },
    data: {
      ...{ budget: budgetId, period, share, spentNano: String(spent), limitNano: String(limitNano) },
      ...{ currency, hardStop },
    },
  });
}

const DAY_MS = 86_400_000;

/** Low: no more than was charged in the last day. Told once after each time that money came in. */
async function watchWallet(
  { ledger, events, clock }: BudgetWatchPorts,
  tenantId: TenantId,
  { currency }: PricePlan,
): Promise<void> {
  const nowMs = clock.nowMs();
  const day = (await ledger.postedHours(tenantId, nowMs - DAY_MS, nowMs)).filter(
    (row) => row.currency === currency,
  );
  const dayNano = day.reduce((sum, { netNano }) => sum + netNano, 0n);
  const balances = await ledger.balances(tenantId);
  const leftNano = walletNano(balances, tenantId, currency);
  if (dayNano === 0n || leftNano > dayNano) return;
  const paidInNano = balances
    .filter(({ account }) => account.startsWith(`tenant/${tenantId}/wallet`))
    .reduce((sum, { creditNano }) => sum + creditNano, 0n);
  await events.emit({
    eventId: `evt_wallet.low_${tenantId}_${paidInNano}`,
    ...{ type: 'wallet.low', tenantId, atMs: nowMs },
    data: { leftNano: String(leftNano), lastDayNano: String(dayNano), currency },
  });
}
