// A plan is never changed: a new price is a new plan from a date on, a correction one with a later `recordedAtMs`.
import type { PlanId, TenantId } from '../ids.ts';

/** What a tenant pays. */
export interface PricePlan {
  readonly planId: PlanId;
  /** Undefined: every tenant without a plan of its own. */
  readonly tenantId?: TenantId;
  readonly name: string;
  readonly currency: string;
  /** What invoices are in; undefined: `currency`. Lines are converted at a rate that each of them keeps. */
  readonly invoiceCurrency?: string;
  readonly effectiveFromMs: number;
  readonly recordedAtMs: number;
  readonly lines: readonly PlanLine[];
  /** Active time of a month that costs nothing. */
  readonly includedMs: number;
  /** What a month costs at least. */
  readonly minimumNano: bigint;
  readonly commitment?: Commitment;
  readonly promise?: Promised;
  readonly billing: 'postpaid' | 'prepaid';
}

/** Used or not, each hour costs so much; what an hour costs beyond it is billed on demand. */
export interface Commitment {
  readonly nanoPerHour: bigint;
  readonly untilMs: number;
}

/** A month with a larger share of late frames gives back a share of its price. Shares are in [0, 1]. */
export interface Promised {
  readonly lateShareMax: number;
  readonly creditShare: number;
}

/** The price of some models: of a version, else of a model, else of all that have no line of their own. */
export interface PlanLine {
  readonly model?: string;
  readonly modelVersion?: string;
  readonly unit: PriceUnit;
  readonly mode: 'graduated' | 'package';
  readonly tiers: readonly PriceTier[];
  /** Units in a package, which costs as a whole once it is begun; tiers then count packages. */
  readonly packageSize?: number;
}

export type PriceUnit = 'active_second' | 'started_minute';

export interface PriceTier {
  /** Units of the month up to which it holds, whole; undefined in the last. */
  readonly upTo?: number;
  readonly nanoPerUnit: bigint;
  /** Once, when the tier is reached. */
  readonly flatNano?: bigint;
}

/** The plan in force: a tenant's own before the default, then the later date, then the later recorded. */
export function planAt(plans: readonly PricePlan[], tenantId: TenantId, atMs: number): PricePlan | undefined {
  return plans
    .filter((plan) => plan.effectiveFromMs <= atMs && (plan.tenantId ?? tenantId) === tenantId)
    .reduce<PricePlan | undefined>((best, plan) => (best && precedes(plan, best) ? best : plan), undefined);
}

const precedes = (a: PricePlan, b: PricePlan): boolean =>
  (Number(a.tenantId !== undefined) - Number(b.tenantId !== undefined) ||
    a.effectiveFromMs - b.effectiveFromMs ||
    a.recordedAtMs - b.recordedAtMs ||
    (a.planId < b.planId ? -1 : 1)) < 0;
