// M3. Nothing is lost in sharing: what the tenants bear and what stays our own is the idle cost, to the last nano.
import type { TenantId } from '../ids.ts';
import { largestRemainder } from '../metering/price.ts';

/**
 * Who bears what GPUs cost while they stood idle: nobody but us (`own`), or the tenants by the GPU time that they used,
 * by what it cost, or alike.
 */
export const IDLE_RULES = ['own', 'by_usage', 'by_cost', 'equal'] as const;
export type IdleRule = (typeof IDLE_RULES)[number];

/** What a tenant used. */
export interface IdleBearer {
  readonly tenantId: TenantId;
  /** ms of GPU. */
  readonly gpuMs: number;
  readonly costNano: bigint;
}

export interface IdleShares {
  /** In the order of the tenants given. */
  readonly parts: readonly bigint[];
  readonly ownNano: bigint;
}

const WEIGHTS: Readonly<Record<Exclude<IdleRule, 'own'>, (bearer: IdleBearer) => bigint>> = {
  by_usage: ({ gpuMs }) => BigInt(gpuMs),
  by_cost: ({ costNano }) => costNano,
  equal: () => 1n,
};

/** Splits by largest remainder, ties to the earlier tenant. Where nobody used anything it stays our own. */
export function shareIdle(rule: IdleRule, idleNano: bigint, tenants: readonly IdleBearer[]): IdleShares {
  const weights = rule === 'own' ? [] : tenants.map(WEIGHTS[rule]);
  if (!weights.some((weight) => weight > 0n)) return { parts: tenants.map(() => 0n), ownNano: idleNano };
  return { parts: largestRemainder(idleNano, weights), ownNano: 0n };
}
