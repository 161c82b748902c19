// A month's budget of one tenant: what is left of it after each day, and where it would end at the present pace.
import type { Budget, UsageRow } from '../api/shapes.ts';
import { unitsOf } from '../words/money.ts';

export interface BurnDown {
  readonly limit: number;
  readonly spent: number;
  /** Of the limit, at the month's start and after each day so far. */
  readonly left: readonly number[];
  readonly days: number;
  /** Days (from the month's start) after which nothing is left at the pace of the last week; undefined: it lasts. */
  readonly emptyAfterDays: number | undefined;
  /** Below 0: it will have been overspent. */
  readonly leftAtEnd: number;
}

const PACE_DAYS = 7;
const DAY_MS = 86_400_000;

export interface Month {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
}

/** `rows` are one tenant's, a row a day, of the month so far. */
export function burnDownOf(
  budget: Budget,
  rows: readonly UsageRow[],
  { fromMs, toMs, nowMs }: Month,
): BurnDown {
  const limit = unitsOf(budget.limitNano);
  const days = Math.round((toMs - fromMs) / DAY_MS);
  const elapsedDays = Math.min(days, Math.max(0, (nowMs - fromMs) / DAY_MS));
  const spentOn = spendingByDay(budget, rows, fromMs, Math.ceil(elapsedDays));
  const left = spentOn.reduce<number[]>((all, spent) => [...all, (all.at(-1) ?? 0) - spent], [limit]);
  const spent = limit - (left.at(-1) ?? limit);
  const pace = paceOf(spentOn, elapsedDays);
  const now = limit - spent;
  const emptyAfterDays = pace > 0 ? elapsedDays + Math.max(0, now) / pace : undefined;
  return {
    ...{ limit, spent, left, days },
    emptyAfterDays: emptyAfterDays !== undefined && emptyAfterDays < days ? emptyAfterDays : undefined,
    leftAtEnd: now - pace * (days - elapsedDays),
  };
}

function spendingByDay(
  budget: Budget,
  rows: readonly UsageRow[],
  fromMs: number,
  days: number,
): readonly number[] {
  const ours = rows.filter(({ currency }) => currency === budget.currency);
  const byDay = Map.groupBy(ours, ({ from }) => Math.round((Date.parse(from) - fromMs) / DAY_MS));
  return Array.from({ length: days }, (_unused, day) =>
    (byDay.get(day) ?? []).reduce((sum, { priceNano }) => sum + unitsOf(priceNano ?? '0'), 0),
  );
}

/** A day's spending, of the last week; the day that runs counts as the part of it that is over. */
function paceOf(spentOn: readonly number[], elapsedDays: number): number {
  const recent = spentOn.slice(-PACE_DAYS);
  const begunDays = spentOn.length - elapsedDays;
  const lengthDays = recent.length - begunDays;
  return lengthDays <= 0 ? 0 : recent.reduce((sum, spent) => sum + spent, 0) / lengthDays;
}
