// What the page shows, as its address says it: a link shows the same to whoever opens it.
import { dayStartMs, isoDay, nextDay, type Interval } from '../words/time.ts';

export const RANGES = ['24h', '7d', '30d', '90d', 'month'] as const;
export type Range = (typeof RANGES)[number];

export const GROUPS = ['all', 'region', 'model', 'gpuType', 'tenant'] as const;
export type Group = (typeof GROUPS)[number];

/** Who bears what stood idle. */
export const IDLE_RULES = ['by_usage', 'by_cost', 'equal', 'own'] as const;
export type IdleRule = (typeof IDLE_RULES)[number];

export interface Filters {
  /** Undefined: `from` and `to` say. */
  readonly range: Range | undefined;
  /** Days in the time zone, both included. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Undefined: as fits the window. */
  readonly interval: Interval | undefined;
  readonly timeZone: string;
  readonly group: Group;
  readonly tenant: string | undefined;
  readonly region: string | undefined;
  readonly model: string | undefined;
  readonly idle: IdleRule;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INTERVALS: readonly Interval[] = ['hour', 'day', 'month'];
const DEFAULT_RANGE: Range = '30d';
const DEFAULT_GROUP: Group = 'region';
const DEFAULT_IDLE: IdleRule = 'by_usage';

/** What the address does not say, or says wrongly, is as usual. */
export function filtersOf(search: string): Filters {
  const params = new URLSearchParams(search);
  const text = (name: string): string | undefined => params.get(name)?.trim() || undefined;
  const one = <T extends string>(name: string, known: readonly T[]): T | undefined =>
    known.find((each) => each === text(name));
  const [from, to] = [dayIn(text('from')), dayIn(text('to'))];
  const isCustom = from !== undefined && to !== undefined && from <= to;
  const timeZone = text('timeZone');
  return {
    range: isCustom ? undefined : (one('range', RANGES) ?? DEFAULT_RANGE),
    from: isCustom ? from : undefined,
    to: isCustom ? to : undefined,
    interval: one('interval', INTERVALS),
    timeZone: timeZone !== undefined && isTimeZone(timeZone) ? timeZone : 'UTC',
    group: one('groupBy', GROUPS) ?? DEFAULT_GROUP,
    tenant: text('tenant'),
    region: text('region'),
    model: text('model'),
    idle: one('idle', IDLE_RULES) ?? DEFAULT_IDLE,
  };
}

/** The shortest address that says it; empty for what is usual. */
export function searchOf(filters: Filters): string {
  const { range, from, to, interval, timeZone, group, tenant, region, model, idle } = filters;
  const said = {
    range: range === DEFAULT_RANGE ? undefined : range,
    ...{ from, to, interval, tenant, region, model },
    timeZone: timeZone === 'UTC' ? undefined : timeZone,
    groupBy: group === DEFAULT_GROUP ? undefined : group,
    idle: idle === DEFAULT_IDLE ? undefined : idle,
  };
  const given = Object.entries(said).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const query = new URLSearchParams(given).toString();
  return query && `?${query}`;
}

/** An interval of whole UTC hours. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** It ends now, so that its last bucket still fills. */
  readonly isRunning: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LENGTH_MS: Readonly<Record<Exclude<Range, 'month'>, number>> = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
};

/** The window that the filters mean; it moves on once an hour. */
export function spanOf(filters: Filters, nowMs: number): Span {
  const { from, to, timeZone } = filters;
  const nowEndMs = Math.ceil(nowMs / HOUR_MS) * HOUR_MS;
  if (from === undefined || to === undefined) {
    return { fromMs: rangeStartMs(filters, nowEndMs, nowMs), toMs: nowEndMs, isRunning: true };
  }
  const fromMs = floorHour(dayStartMs(from, timeZone));
  const endMs = floorHour(dayStartMs(nextDay(to), timeZone));
  // A day to come has no usage yet; a window has an hour at the least.
  const toMs = Math.max(Math.min(endMs, nowEndMs), fromMs + HOUR_MS);
  return { fromMs, toMs, isRunning: toMs === nowEndMs };
}

/** Whole days, so that the first bucket is not a part of one. */
function rangeStartMs({ range, timeZone }: Filters, endMs: number, nowMs: number): number {
  if (range === undefined || range === 'month') return monthStartMs(nowMs, timeZone);
  if (range === '24h') return endMs - DAY_MS;
  const dayBefore = isoDay(endMs - LENGTH_MS[range], timeZone);
  return floorHour(dayStartMs(nextDay(dayBefore), timeZone));
}

export function monthStartMs(nowMs: number, timeZone: string): number {
  return floorHour(dayStartMs(`${isoDay(nowMs, timeZone).slice(0, 7)}-01`, timeZone));
}

const HOURLY_UP_TO_MS = 3 * DAY_MS;
const DAILY_UP_TO_MS = 100 * DAY_MS;
/** More buckets than this are finer than a screen. */
const MOST_BUCKETS = 1_000;

export function intervalOf({ interval }: Filters, { fromMs, toMs }: Span): Interval {
  const lengthMs = toMs - fromMs;
  if (interval === 'hour' && lengthMs > MOST_BUCKETS * HOUR_MS) return 'day';
  return interval ?? (lengthMs <= HOURLY_UP_TO_MS ? 'hour' : lengthMs <= DAILY_UP_TO_MS ? 'day' : 'month');
}

const floorHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

const dayIn = (text: string | undefined): string | undefined =>
  text !== undefined && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
