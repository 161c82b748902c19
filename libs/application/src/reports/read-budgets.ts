import { periodAt, type Budget, type TenantId } from '@meridian/domain';
import { spentNano } from '../billing/budget-watch.ts';
import { readPeriodPrice, type PeriodPricePorts } from '../billing/period-prices.ts';
import { drawId } from '../ids.ts';
import type { Budgets } from '../ports/budgets.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { FxRates } from '../ports/fx-rates.ts';

export interface ReadBudgetsPorts extends PeriodPricePorts {
  readonly budgets: Budgets;
  readonly fxRates: FxRates;
  readonly clock: Clock;
}

export interface SpentBudget {
  readonly budget: Budget;
  /** This month so far; undefined: a rate of exchange into its currency is missing. */
  readonly spentNano?: bigint;
}

/** A tenant's budgets and what is spent of each, as the watch counts it. */
export type ReadBudgets = (tenantId: TenantId) => Promise<readonly SpentBudget[]>;

export const makeReadBudgets =
  (ports: ReadBudgetsPorts): ReadBudgets =>
  async (tenantId) => {
    const budgets = await ports.budgets.list(tenantId);
    if (budgets.length === 0) return [];
    const { price } = await readPeriodPrice(ports, { tenantId, period: periodAt(ports.clock.nowMs()) });
    return Promise.all(
      budgets.map(async (budget) => {
        const spent = await spentNano(ports, budget, price);
        return { budget, ...(spent !== undefined && { spentNano: spent }) };
      }),
    );
  };

export type PutBudget = Pick<Budget, 'limitNano' | 'currency' | 'alertsAt' | 'hardStop'>;

/** The whole list: what is not in it goes. One of the same currency keeps its id, and what was told of it stays told. */
export type ReplaceBudgets = (tenantId: TenantId, budgets: readonly PutBudget[]) => Promise<void>;

export const makeReplaceBudgets =
  ({ budgets, draw }: { readonly budgets: Budgets; readonly draw: Draw }): ReplaceBudgets =>
  async (tenantId, asked) => {
    const known = await budgets.list(tenantId);
    for (const budget of asked) {
      const same = known.find(({ currency }) => currency === budget.currency);
      const budgetId = same?.budgetId ?? (drawId('bud', draw) as Budget['budgetId']);
      await budgets.put({ ...budget, budgetId, tenantId, period: 'month' });
    }
    for (const { budgetId, currency } of known) {
      if (!asked.some((budget) => budget.currency === currency)) await budgets.remove(tenantId, budgetId);
    }
  };
