import type { Epoch, ModelUsage, Period, SessionId, TenantId } from '@meridian/domain';

export interface CreditRequest {
  readonly tenantId: TenantId;
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly model: string;
  readonly modelVersion: string;
  readonly period: Period;
}

/** How a tenant's credit stands. */
export interface CreditStanding {
  /**
   * By model version: what the tenant has used in the period, and what its sessions were given and have not used. Never
   * less than that; a little more for a moment, where something that was used is still being added up.
   */
  readonly committed: readonly ModelUsage[];
  /** Active time that the session was given at this epoch; undefined: none yet. */
  readonly heldMs: number | undefined;
}

/** Who was given how much credit. Throws `StoreUnavailable`. */
export interface CreditHolds {
  read(request: Pick<CreditRequest, 'tenantId' | 'period'>): Promise<Pick<CreditStanding, 'committed'>>;
  /**
   * Lets `decide` say how much active time the session is given at this epoch in all, and keeps it: one at a time for a
   * tenant, so that no two give the same money away. It is never made less. Answers what the session
   * has then: 0 at an epoch that it has left.
   */
  grant(request: CreditRequest, decide: (standing: CreditStanding) => number): Promise<number>;
}
