// A session's budget is a renewable lease of credit. Its worker ends it where the credit ends, asking nobody; so that it
// goes on, the credit is renewed when half of a slice is left. What is out at any moment was paid for.
import {
  affordableMs,
  periodAt,
  periodEndMs,
  periodStartMs,
  planAt,
  poolPartsOf,
  smallestNano,
  walletNano,
  type Budget,
  type PricePlan,
  type Session,
  type TenantId,
} from '@meridian/domain';
import type { Budgets } from '../ports/budgets.ts';
import type { Clock } from '../ports/clock.ts';
import type { CreditHolds } from '../ports/credit-holds.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { PricePlans } from '../ports/price-plans.ts';
import { keepAnswers } from './keep-answers.ts';

export interface CreditLeasesPorts {
  readonly plans: PricePlans;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly holds: CreditHolds;
  readonly clock: Clock;
  /** Active time that a session is given at once. */
  readonly creditSliceMs: number;
}

/** Each throws `StoreUnavailable`. */
export interface CreditLeases {
  /** False when the tenant pays without a limit, or can still pay for a moment of this model. */
  isExhausted(tenantId: TenantId, model: string, modelVersion?: string): Promise<boolean>;
  /**
   * What the active time of a session that has a place may come to at its epoch; undefined: there is no limit. Asked
   * again it answers the same, until less than half of a slice is left.
   * @param activeMs of this epoch so far
   */
  leaseFor(session: Session, activeMs: number): Promise<number | undefined>;
}

/** Nobody is limited. */
export const UNLIMITED: CreditLeases = {
  isExhausted: () => Promise.resolve(false),
  leaseFor: () => Promise.resolve(undefined),
};

/** How old what is known of a tenant's plan and budgets may be. */
const LIMITS_AGE_MS_MAX = 5_000;

/** What a tenant pays by, when its sessions must stop at a limit. */
interface Limited {
  readonly plan: PricePlan;
  readonly budgets: readonly Budget[];
}

export function makeCreditLeases(ports: CreditLeasesPorts): CreditLeases {
  const { holds, clock, creditSliceMs } = ports;
  const limited = keepAnswers(LIMITS_AGE_MS_MAX, clock, (tenantId: TenantId) => limitedBy(ports, tenantId));
  return {
    async isExhausted(tenantId, model, modelVersion = '') {
      const limits = await limited(tenantId);
      if (!limits) return false;
      const limitNano = await monthMayCost(ports, tenantId, limits);
      const { committed } = await holds.read({ tenantId, period: periodAt(clock.nowMs()) });
      return (
        affordableMs(limits.plan, committed, { model, modelVersion, ms: creditSliceMs }, limitNano) === 0
      );
    },

    async leaseFor({ request: { tenantId, sessionId }, lease }, activeMs) {
      const limits = lease && (await limited(tenantId));
      if (!limits) return undefined;
      const limitNano = await monthMayCost(ports, tenantId, limits);
      const { model, modelVersion } = poolPartsOf(lease.pool);
      const period = periodAt(clock.nowMs());
      const request = { tenantId, sessionId, epoch: lease.epoch, model, modelVersion, period };
      return holds.grant(request, ({ committed, heldMs }) => {
        if (heldMs !== undefined && heldMs - activeMs >= creditSliceMs / 2) return heldMs;
        const ms = activeMs + creditSliceMs - (heldMs ?? 0);
        return (heldMs ?? 0) + affordableMs(limits.plan, committed, { model, modelVersion, ms }, limitNano);
      });
    },
  };
}

/** Budgets in another currency than the plan's are told of, and stop nobody. */
async function limitedBy(
  { plans, budgets, clock }: CreditLeasesPorts,
  tenantId: TenantId,
): Promise<Limited | undefined> {
  const plan = planAt(await plans.all(), tenantId, clock.nowMs());
  if (!plan) return undefined;
  const stops = (await budgets.list(tenantId)).filter(
    ({ hardStop, currency }) => hardStop && currency === plan.currency,
  );
  return plan.billing === 'prepaid' || stops.length > 0 ? { plan, budgets: stops } : undefined;
}

/**
 * What the whole month may cost: what was paid for it already and what is in the wallet, or a budget. What was charged
 * is read before the wallet: a charge that is posted in between is then missed in both, and not counted twice.
 */
async function monthMayCost(
  { ledger, clock }: CreditLeasesPorts,
  tenantId: TenantId,
  { plan, budgets }: Limited,
): Promise<bigint> {
  const limits = budgets.map(({ limitNano }) => limitNano);
  if (plan.billing === 'prepaid') {
    const period = periodAt(clock.nowMs());
    const hours = await ledger.postedHours(tenantId, periodStartMs(period), periodEndMs(period));
    const paidNano = hours
      .filter(({ currency }) => currency === plan.currency)
      .reduce((sum, { netNano }) => sum + netNano, 0n);
    limits.push(paidNano + walletNano(await ledger.balances(tenantId), tenantId, plan.currency));
  }
  return smallestNano(limits) ?? 0n;
}
