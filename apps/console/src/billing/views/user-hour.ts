import type { Band, UsageRow } from '../api/shapes.ts';
import type { Group } from '../filters/filters.ts';
import { sumNano, unitsOf } from '../words/money.ts';
import { bucketsOf, seriesOf, type Series, type TimeSeries } from './series.ts';

/** What the page says first. */
export interface Headline {
  readonly currency: string;
  readonly userHours: number;
  readonly costNano: bigint;
  readonly idleNano: bigint;
  /** With idle, whole units; null before any use. */
  readonly perUserHour: number | null;
  readonly perUserHourOfSessions: number | null;
  readonly idleShare: number | null;
}

const MS_PER_HOUR = 3_600_000;

/** Only rows of one currency add up. */
export const inCurrency = <Row extends { readonly currency: string }>(
  rows: readonly Row[],
  currency: string,
): readonly Row[] => rows.filter((row) => row.currency === currency);

export function headlineOf(rows: readonly UsageRow[], currency: string): Headline {
  const ours = inCurrency(rows, currency);
  const activeMs = ours.reduce((sum, row) => sum + row.activeMs, 0);
  const costNano = sumNano(ours.map((row) => row.costNano));
  const idleNano = sumNano(ours.map((row) => row.idleNano));
  const bill = costNano + idleNano;
  const per = (nano: bigint): number | null =>
    activeMs === 0 ? null : (unitsOf(nano) / activeMs) * MS_PER_HOUR;
  return {
    currency,
    userHours: activeMs / MS_PER_HOUR,
    costNano,
    idleNano,
    perUserHour: per(bill),
    perUserHourOfSessions: per(costNano),
    idleShare: bill === 0n ? null : unitsOf(idleNano) / unitsOf(bill),
  };
}

/** The whole first, then each member of the group, the most used first. */
export function userHourSeries(
  whole: readonly UsageRow[],
  grouped: readonly UsageRow[],
  group: Group,
  withIdle: boolean,
): TimeSeries {
  const startsMs = bucketsOf([...whole, ...grouped]);
  const valueOf = (row: UsageRow): number | null => (withIdle ? row.perUserHourLoaded : row.perUserHour);
  const weightOf = (row: UsageRow): number => row.activeMs;
  const all = seriesOf(whole, startsMs, {
    keyOf: () => 'all',
    labelOf: () => 'Everything',
    valueOf,
    weightOf,
  });
  if (group === 'all') return { startsMs, series: all };
  const keyOf = (row: UsageRow): string | undefined => row[group];
  return { startsMs, series: [...all, ...seriesOf(grouped, startsMs, { keyOf, valueOf, weightOf })] };
}

export type BandPlace = 'below' | 'within' | 'above' | 'unknown';

export function placeInBand(perUserHour: number | null | undefined, { low, high }: Band): BandPlace {
  if (perUserHour === null || perUserHour === undefined) return 'unknown';
  return perUserHour < low ? 'below' : perUserHour > high ? 'above' : 'within';
}

/** What the axis ends at: a region that stood empty for a day must not press all others flat. */
export function topOf({ high }: Band, series: readonly Series[]): number {
  const values = (some: readonly Series[]): number[] =>
    some.flatMap((each) => each.values.map((value) => value ?? 0));
  const whole = Math.max(0, ...values(series.filter(({ key }) => key === 'all')));
  return Math.max(high * 1.25, Math.min(Math.max(0, ...values(series)), Math.max(high * 2, whole * 1.5)));
}

/** The series that go beyond the axis, and how far. */
export const beyondTop = (
  top: number,
  series: readonly Series[],
): readonly { label: string; most: number }[] =>
  series
    .map(({ label, values }) => ({ label, most: Math.max(0, ...values.map((value) => value ?? 0)) }))
    .filter(({ most }) => most > top);
