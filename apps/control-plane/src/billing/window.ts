import { invalid } from '../http/validation.ts';

const HOUR_MS = 3_600_000;
const DAYS_MAX = 400;
/** A year by the hour, for each of many rows, is more than anybody reads at once. */
const HOURLY_DAYS_MAX = 93;

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

interface AskedWindow {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly interval?: string;
}

/** Whole UTC hours; a day up to now unless told. Refuses what is empty or too long. */
export function windowOf(
  { from, to, interval }: AskedWindow,
  nowMs: number,
  defaultMs = 24 * HOUR_MS,
): Window {
  const toMs = Math.ceil((to === undefined ? nowMs : Date.parse(to)) / HOUR_MS) * HOUR_MS;
  const fromMs = Math.floor((from === undefined ? toMs - defaultMs : Date.parse(from)) / HOUR_MS) * HOUR_MS;
  if (fromMs >= toMs) {
    throw invalid([{ field: 'from', message: 'is not before `to`', fix: 'use a time before `to`' }]);
  }
  const daysMax = interval === 'hour' ? HOURLY_DAYS_MAX : DAYS_MAX;
  if (toMs - fromMs > daysMax * 24 * HOUR_MS) {
    const shorter = interval === 'hour' ? ', or a longer `interval`' : '';
    const fix = `use a time at most ${daysMax} days before \`to\`${shorter}`;
    throw invalid([{ field: 'from', message: 'makes a window that is too long', fix }]);
  }
  return { fromMs, toMs };
}

/** The calendar month of an instant, in UTC. */
export function monthOf(atMs: number): Window {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) };
}
