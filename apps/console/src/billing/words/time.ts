// Instants in words, in the time zone that was chosen.

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${timeZone} ${JSON.stringify(options)}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...options, timeZone });
  formats.set(key, made);
  return made;
}

export type Interval = 'hour' | 'day' | 'month';

const TICK: Readonly<Record<Interval, Intl.DateTimeFormatOptions>> = {
  hour: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: 'numeric' },
};

const FULL: Readonly<Record<Interval, Intl.DateTimeFormatOptions>> = {
  hour: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  month: { month: 'long', year: 'numeric' },
};

/** On an axis: `24 Oct`; of an hour that begins a day, the day. */
export function tickText(ms: number, interval: Interval, timeZone: string): string {
  const text = formatOf(timeZone, TICK[interval]).format(ms);
  return interval === 'hour' && text === '00:00' ? formatOf(timeZone, TICK.day).format(ms) : text;
}

/** Beside a value: `Sat, 24 Oct`. */
export const bucketText = (ms: number, interval: Interval, timeZone: string): string =>
  formatOf(timeZone, FULL[interval]).format(ms);

export const clockText = (ms: number, timeZone: string): string =>
  formatOf(timeZone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms);

export const momentText = (ms: number, timeZone: string): string => bucketText(ms, 'hour', timeZone);

export const dayText = (ms: number, timeZone: string): string =>
  formatOf(timeZone, { day: 'numeric', month: 'short', year: 'numeric' }).format(ms);

/** `2026-10-24`, the day of an instant in a zone. */
export function isoDay(ms: number, timeZone: string): string {
  const parts = formatOf(timeZone, { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(ms);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When a day begins in a zone, Unix ms. Where the clocks skip midnight, the first instant of the day. */
export function dayStartMs(day: string, timeZone: string): number {
  const utcMs = Date.parse(`${day}T00:00:00Z`);
  const candidates = [utcMs - offsetMs(utcMs, timeZone)];
  candidates.push(utcMs - offsetMs(candidates[0] ?? utcMs, timeZone));
  const exact = candidates.filter((ms) => isoDay(ms, timeZone) === day).sort((a, b) => a - b);
  return exact[0] ?? Math.max(...candidates);
}

export const nextDay = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

function offsetMs(ms: number, timeZone: string): number {
  const parts = formatOf(timeZone, {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(ms);
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((each) => each.type === type)?.value);
  const local = Date.UTC(
    ...([
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    ] as const),
  );
  return local - Math.floor(ms / 1_000) * 1_000;
}
