import type { TenantId } from '@meridian/domain';

/** An hour of a tenant whose usage, or whose price, is not what it was when it was last charged. */
export interface ChargeMark {
  readonly tenantId: TenantId;
  readonly hourMs: number;
  /** Rises with each change: a mark that changed meanwhile stays. */
  readonly changes: number;
}

/** Made where usage changes, in the same transaction, so that none is lost. Throws `StoreUnavailable`. */
export interface ChargeMarks {
  /** Of hours before `beforeMs`: those of one tenant together, of who waits for longest first. */
  due(beforeMs: number, limit: number): Promise<readonly ChargeMark[]>;
  /** Takes away those that have not changed since they were read. */
  settle(marks: readonly ChargeMark[]): Promise<void>;
}
