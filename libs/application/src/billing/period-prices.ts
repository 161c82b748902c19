import {
  HOUR_MS,
  periodEndMs,
  periodStartMs,
  planAt,
  pricePeriod,
  type Period,
  type PeriodPrice,
  type PricePlan,
  type TenantId,
} from '@meridian/domain';
import type { PricePlans } from '../ports/price-plans.ts';
import type { TenantRepository } from '../ports/tenant-repository.ts';
import type { UsageHours } from '../ports/usage-hours.ts';

export interface PeriodPricePorts {
  readonly plans: PricePlans;
  readonly usageHours: UsageHours;
}

export interface TenantPeriod {
  readonly tenantId: TenantId;
  readonly period: Period;
}

export interface PlannedPrice {
  readonly price: PeriodPrice;
  /** The tenant's plan in force. */
  readonly planFor: (atMs: number) => PricePlan | undefined;
}

/** What a period of a tenant comes to, from its usage as it stands now. */
export async function readPeriodPrice(
  { plans, usageHours }: PeriodPricePorts,
  { tenantId, period }: TenantPeriod,
): Promise<PlannedPrice> {
  const all = (await plans.all()).filter((plan) => (plan.tenantId ?? tenantId) === tenantId);
  const planFor = (atMs: number) => planAt(all, tenantId, atMs);
  const usage = await usageHours.hours(periodStartMs(period), periodEndMs(period), tenantId);
  return { price: pricePeriod(planFor, usage), planFor };
}

/** True when nobody counts in the hour any more, but for what comes late. */
export const isOver = (hourMs: number, nowMs: number, settleMs: number): boolean =>
  hourMs + HOUR_MS + settleMs <= nowMs;

/** When the tenant was made; 0 for one that nobody knows any more. */
export const tenantSince = async (tenants: TenantRepository, tenantId: TenantId): Promise<number> =>
  (await tenants.findTenant(tenantId))?.createdAtMs ?? 0;
