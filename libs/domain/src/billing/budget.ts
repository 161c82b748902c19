import type { BudgetId, TenantId } from '../ids.ts';

/** What a tenant means to spend in a month. */
export interface Budget {
  readonly budgetId: BudgetId;
  readonly tenantId: TenantId;
  readonly period: 'month';
  readonly limitNano: bigint;
  readonly currency: string;
  /** Shares of the limit at which it is told, in (0, 1]. */
  readonly alertsAt: readonly number[];
  /** True: its sessions end when it is spent. */
  readonly hardStop: boolean;
}
