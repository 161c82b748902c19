import type { Budget, BudgetId, TenantId } from '@meridian/domain';

export interface Budgets {
  /** Of one tenant, or of all; in the order of their ids. */
  list(tenantId?: TenantId): Promise<readonly Budget[]>;
  /** Replaces the one with this id. */
  put(budget: Budget): Promise<void>;
  /** False: the tenant has no such budget. */
  remove(tenantId: TenantId, budgetId: BudgetId): Promise<boolean>;
}
