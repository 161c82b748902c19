import type { PricePlan } from '@meridian/domain';

/** Plans of all tenants, oldest first. Never changed: one whose id is there already is left as it is. */
export interface PricePlans {
  all(): Promise<readonly PricePlan[]>;
  /** Marks what it prices for `post-charges` to look at again. */
  add(plan: PricePlan): Promise<void>;
}
