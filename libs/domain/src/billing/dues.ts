// What a tenant owes for a period besides what it asked for itself: by the hour for usage, and at the period's end for
// what the plan says about a month.
import type { TenantId } from '../ids.ts';
import type { HourCharge, PeriodPrice } from './period-price.ts';
import { HOUR_MS } from '../metering/usage-hour.ts';
import { periodEndMs, periodStartMs, type Period } from './period.ts';
import type { Commitment, PricePlan } from './plan.ts';
import type { Due } from './series.ts';
import { timeWeighted } from './time-weighted.ts';
import { chargedAccount } from './transfer.ts';

/** Of whom, and when; `planFor` says the plan in force at an instant. */
export interface DueContext {
  readonly tenantId: TenantId;
  readonly period: Period;
  readonly planFor: (atMs: number) => PricePlan | undefined;
  /** Since when there is such a tenant: a minimum and a commitment do not hold before. */
  readonly sinceMs: number;
  /** Up to when the period is looked at: its end, or now. */
  readonly untilMs: number;
}

/** The last instant of its hour, so that it falls into the month that it prices. */
export const chargeDues = ({ charges }: PeriodPrice, tenantId: TenantId): readonly Due[] =>
  charges.map(({ hourMs, plan, nano }) => ({
    ...{ series: `chg_${tenantId}_${hourMs}`, kind: 'charge', account: chargedAccount(tenantId, plan) },
    ...{ house: 'revenue', currency: plan.currency, nano, atMs: hourMs + HOUR_MS - 1, hourMs },
    reason: `usage of ${new Date(hourMs).toISOString().slice(0, 13)}:00Z under ${plan.name}`,
  }));

/** Commitment first: what it costs counts towards the minimum; a credit does not take from it. */
export function closingDues(price: PeriodPrice, context: DueContext): readonly Due[] {
  const { tenantId, period } = context;
  const last = context.planFor(Math.min(context.untilMs, periodEndMs(period)) - 1);
  const currencies = new Set([...stretchesOf(context).map(({ plan }) => plan.currency)]);
  return [...currencies].sort().flatMap((currency) => {
    const charges = price.charges.filter(({ plan }) => plan.currency === currency);
    const plan = last?.currency === currency ? last : charges.at(-1)?.plan;
    if (!plan) return [];
    const chargedNano = charges.reduce((sum, { nano }) => sum + nano, 0n);
    const unusedNano = unusedCommitment(charges, currency, context);
    const shortNano = toMinimum(minimumOf(currency, context), chargedNano + unusedNano);
    const due = dueOf(tenantId, period, plan);
    return [
      due('cmt', 'commitment', unusedNano, 'commitment that was not used'),
      due('min', 'minimum', shortNano, 'up to the minimum of the month'),
      due('sla', 'sla_credit', -slaCredit(plan, price, chargedNano), 'more late frames than promised'),
    ].filter(({ nano }) => nano !== 0n);
  });
}

const dueOf =
  (tenantId: TenantId, period: Period, plan: PricePlan) =>
  (prefix: string, kind: Exclude<Due['kind'], 'charge'>, nano: bigint, reason: string): Due => ({
    ...{ series: `${prefix}_${tenantId}_${period}_${plan.currency}`, kind, nano, currency: plan.currency },
    ...{ account: chargedAccount(tenantId, plan), house: kind === 'sla_credit' ? 'sla' : 'revenue' },
    ...{ atMs: periodEndMs(period) - 1, reason: `${reason}, ${period}` },
  });

/** What is left to the minimum when so much was billed. */
export const toMinimum = (minimumNano: bigint, billedNano: bigint): bigint =>
  minimumNano > billedNano ? minimumNano - billedNano : 0n;

/** How an hour's price lies against the commitment: what it covers, what of it was not used, what goes beyond it. */
export function commitHour(priceNano: bigint, { nanoPerHour }: Pick<Commitment, 'nanoPerHour'>) {
  const usedNano = priceNano < nanoPerHour ? priceNano : nanoPerHour;
  return { usedNano, unusedNano: nanoPerHour - usedNano, onDemandNano: priceNano - usedNano };
}

function unusedCommitment(charges: readonly HourCharge[], currency: string, context: DueContext): bigint {
  const byHour = new Map(charges.map(({ hourMs, nano }) => [hourMs, nano]));
  const { period, sinceMs, untilMs } = context;
  const endMs = Math.min(untilMs, periodEndMs(period));
  const firstMs = Math.ceil(Math.max(sinceMs, periodStartMs(period)) / HOUR_MS) * HOUR_MS;
  let unusedNano = 0n;
  for (let hourMs = firstMs; hourMs + HOUR_MS <= endMs; hourMs += HOUR_MS) {
    const plan = context.planFor(hourMs);
    if (plan?.commitment === undefined || plan.currency !== currency || hourMs >= plan.commitment.untilMs)
      continue;
    unusedNano += commitHour(byHour.get(hourMs) ?? 0n, plan.commitment).unusedNano;
  }
  return unusedNano;
}

/** Each plan's minimum for as much of the month as it was in force. */
const minimumOf = (currency: string, context: DueContext): bigint =>
  timeWeighted(
    stretchesOf(context).map(({ fromMs, plan }) => ({
      fromMs,
      nano: plan.currency === currency ? plan.minimumNano : 0n,
    })),
    context.period,
  );

/** The plans of the period, each from where it was in force: at most one a UTC hour. */
function stretchesOf({
  period,
  planFor,
  sinceMs,
}: DueContext): readonly { fromMs: number; plan: PricePlan }[] {
  const stretches: { fromMs: number; plan: PricePlan }[] = [];
  const startMs = Math.max(periodStartMs(period), Math.min(sinceMs, periodEndMs(period)));
  for (let atMs = startMs; atMs < periodEndMs(period); atMs = Math.floor(atMs / HOUR_MS + 1) * HOUR_MS) {
    const plan = planFor(atMs);
    if (plan && plan.planId !== stretches.at(-1)?.plan.planId) stretches.push({ fromMs: atMs, plan });
  }
  return stretches;
}

const PARTS = 1_000_000;
/** A share as parts of a million: money is never multiplied by a float. */
export const partsOf = (share: number): bigint => BigInt(Math.round(share * PARTS));

/** What is given back of so much, when the share of late frames was larger than promised; floored. */
export function slaCredit(
  { promise }: Pick<PricePlan, 'promise'>,
  { frames, lateFrames }: Pick<PeriodPrice, 'frames' | 'lateFrames'>,
  chargedNano: bigint,
): bigint {
  if (!promise || BigInt(lateFrames) * BigInt(PARTS) <= BigInt(frames) * partsOf(promise.lateShareMax))
    return 0n;
  return (chargedNano * partsOf(promise.creditShare)) / BigInt(PARTS);
}
