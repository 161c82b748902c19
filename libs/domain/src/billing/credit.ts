// Credit is active time that is paid for before it is used. What all of a tenant's sessions were given counts as used
// when another asks, so that together they never go beyond what it has, and a hard stop needs no race.
import type { PricePlan } from './plan.ts';
import { priceOf, type ModelUsage } from './price-of.ts';

export interface CreditWanted {
  readonly model: string;
  readonly modelVersion: string;
  /** Active time. */
  readonly ms: number;
}

const MINUTE_MS = 60_000;

/**
 * How much of the time wanted the month's price leaves room for, ms: all of it, a part or 0. A price by the minute is
 * taken for every minute that would be begun.
 * @param committed what the month has used, and what was given and is not used yet
 * @param limitNano what the month may cost
 */
export function affordableMs(
  plan: PricePlan,
  committed: readonly ModelUsage[],
  { model, modelVersion, ms }: CreditWanted,
  limitNano: bigint,
): number {
  const fits = (activeMs: number): boolean => {
    const more = { model, modelVersion, activeMs, startedMinutes: Math.ceil(activeMs / MINUTE_MS) };
    return priceOf(plan, [...committed, more]).totalNano <= limitNano;
  };
  if (!fits(0)) return 0;
  let [most, least] = [Math.max(0, ms), 0];
  if (fits(most)) return most;
  // The price never falls as use grows: between `least`, which fits, and `most`, which does not.
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (fits(middle)) least = middle;
    else most = middle;
  }
  return least;
}

/** What a month may cost: the smallest of the limits. Undefined: there is none. */
export const smallestNano = (limits: readonly bigint[]): bigint | undefined =>
  limits.reduce<bigint | undefined>(
    (least, nano) => (least === undefined || nano < least ? nano : least),
    undefined,
  );
