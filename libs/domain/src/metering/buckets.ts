// Buckets of whole UTC hours on the calendar of a time zone. An hour belongs to the bucket in which it starts, so that
// every hour is in exactly one, also where a day begins at half past.
import { HOUR_MS, hourOf } from './usage-hour.ts';

export const USAGE_INTERVALS = ['hour', 'day', 'month', 'none'] as const;
export type UsageInterval = (typeof USAGE_INTERVALS)[number];

/** [fromMs, toMs), Unix ms. */
export interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The buckets that cover [fromMs, toMs), rising and without gaps; the first may begin before it and the last end after
 * it. Interval `none`: the window itself. Throws RangeError for a time zone that nobody knows.
 */
export function bucketsOf({ fromMs, toMs }: Bucket, interval: UsageInterval, timeZone: string): Bucket[] {
  if (interval === 'none') return [{ fromMs, toMs }];
  const starts = interval === 'hour' ? hoursFrom(fromMs) : calendarFrom(fromMs, interval, timeZone);
  const buckets: Bucket[] = [];
  let start = starts.next().value;
  while (start < toMs) {
    const end = starts.next().value;
    buckets.push({ fromMs: start, toMs: end });
    start = end;
  }
  return buckets;
}

function* hoursFrom(fromMs: number): Generator<number, never> {
  for (let at = hourOf(fromMs); ; at += HOUR_MS) yield at;
}

function* calendarFrom(
  fromMs: number,
  interval: 'day' | 'month',
  timeZone: string,
): Generator<number, never> {
  const zone = zoneOf(timeZone);
  const [year, month, day] = zone.dateAt(fromMs);
  for (let i = 0; ; i++) {
    yield interval === 'day'
      ? startOfDay(zone, Date.UTC(year, month, day + i))
      : startOfDay(zone, Date.UTC(year, month + i, 1));
  }
}

interface Zone {
  /** Calendar date there: year, month (0-based), day. */
  dateAt(atMs: number): readonly [number, number, number];
  /** What its clocks show, as if it were UTC, Unix ms. */
  clockAt(atMs: number): number;
}

const DAY_MS = 24 * HOUR_MS;

/**
 * When a calendar date begins. Where midnight is skipped or comes twice, one of the two readings of it lies on the day
 * before; the earlier of those that do not is the start.
 */
function startOfDay(zone: Zone, midnightMs: number): number {
  const readings = [midnightMs - DAY_MS, midnightMs + DAY_MS]
    .map((atMs) => midnightMs - (zone.clockAt(atMs) - atMs))
    .filter((atMs) => zone.clockAt(atMs) >= midnightMs);
  return Math.min(...readings);
}

const zones = new Map<string, Zone>();

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone);
  if (known) return known;
  const zone = makeZone(timeZone);
  zones.set(timeZone, zone);
  return zone;
}

function makeZone(timeZone: string): Zone {
  const numeric = 'numeric';
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', year: numeric, month: numeric, day: numeric },
    ...{ hour: numeric, minute: numeric, second: numeric },
  });
  const clockAt = (atMs: number): number => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const at = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
  };
  const dateAt = (atMs: number): readonly [number, number, number] => {
    const there = new Date(clockAt(atMs));
    return [there.getUTCFullYear(), there.getUTCMonth(), there.getUTCDate()];
  };
  return { clockAt, dateAt };
}
