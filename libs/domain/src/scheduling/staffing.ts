// How many warm slots and workers a pool should have, and why.
import type { ConcurrencyForecast } from './forecast.ts';

export interface StaffingPolicy {
  /** Slots of one worker of the pool. */
  readonly slotsPerWorker: number;
  /** Share of sessions that may find no free slot, above 0 and below 1. */
  readonly waitProbability: number;
  readonly minWorkers: number;
  readonly maxWorkers: number;
}

export interface StaffingAdvice {
  /** Warm slots, busy and free ones together: what the forecast asks for, before it is rounded up to workers. */
  readonly wantedSlots: number;
  readonly wantedWorkers: number;
  /** How the numbers came about, as a sentence. */
  readonly reason: string;
}

/**
 * Share of sessions that may wait. Whole workers, and a wish that stands for a quarter of an hour, leave room above it: in
 * simulation 2 % wait.
 */
export const WAIT_PROBABILITY = 0.3;

/** Fewer workers are wanted only once less has been enough for this long, ms. */
export const SCALE_DOWN_AFTER_MS = 900_000;

/**
 * Square-root staffing: c = R + beta x sqrt(R), where beta follows from the share of sessions that may wait (Halfin &
 * Whitt, Heavy-traffic limits for queues with many exponential servers, 1981). R is the demand that is forecast for the
 * time when a worker ordered now is ready, and sqrt(R) is scaled to the error that such forecasts have (staffing for
 * time-varying demand, m + beta x sqrt(v): Jennings, Mandelbaum, Massey & Whitt 1996): sessions that outlast a boot make
 * demand easier to foresee than sqrt(R) says, crowds make it harder.
 */
export const wantedWarmSlots = ({ mean, error }: ConcurrencyForecast, waitProbability: number): number =>
  Math.ceil(mean + betaFor(waitProbability) * error);

/**
 * `forecasts` are those of the last `SCALE_DOWN_AFTER_MS`, oldest first. The largest wish among them counts, so that a
 * minute's lull drains nobody. Never fewer workers than the leases of now need, whatever `maxWorkers` says.
 */
export function adviseStaffing(
  forecasts: readonly ConcurrencyForecast[],
  policy: StaffingPolicy,
): StaffingAdvice {
  const { slotsPerWorker, waitProbability, minWorkers, maxWorkers } = policy;
  const newest = forecasts.at(-1);
  if (!newest) {
    const reason = `nothing is known of the demand yet: ${workersOf(minWorkers, slotsPerWorker)}, the least allowed`;
    return { wantedSlots: 0, wantedWorkers: minWorkers, reason };
  }
  const toWorkers = (slots: number) => Math.ceil(slots / slotsPerWorker);
  const wish = wantedWarmSlots(newest, waitProbability);
  const kept = Math.max(...forecasts.map((forecast) => wantedWarmSlots(forecast, waitProbability)));
  const least = Math.max(minWorkers, toWorkers(newest.busySlots));
  const wantedWorkers = Math.max(least, Math.min(toWorkers(kept), maxWorkers));
  const notes = [
    toWorkers(kept) > toWorkers(wish) &&
      `more was wanted within the last ${minutesOf(SCALE_DOWN_AFTER_MS)} min`,
    toWorkers(kept) > maxWorkers && `${maxWorkers} are the most allowed`,
    toWorkers(newest.busySlots) > Math.min(toWorkers(kept), maxWorkers) && 'the leases of now need them',
    toWorkers(kept) < minWorkers && 'the least allowed',
  ].filter((note) => note !== false);
  const reason = [sumOf(newest, wish, waitProbability), workersOf(wantedWorkers, slotsPerWorker)].join(', ');
  return { wantedSlots: kept, wantedWorkers, reason: [reason, ...notes].join('; ') };
}

/** `12 busy now, 14.2 expected in 5 min, +4 for a 1 % chance to wait: 19 slots`. */
function sumOf(forecast: ConcurrencyForecast, wish: number, waitProbability: number): string {
  const { busySlots, queued, mean, horizonMs, seasonShare } = forecast;
  const now = queued > 0 ? `${busySlots} busy and ${queued} waiting now` : `${busySlots} busy now`;
  const season = seasonShare >= 0.1 ? ` (${percent(seasonShare)} of it by earlier days)` : '';
  const buffer = `+${short(wish - mean)} for a ${percent(waitProbability)} chance to wait`;
  return `${now}, ${short(mean)} expected in ${minutesOf(horizonMs)} min${season}, ${buffer}: ${counted(wish, 'slot')}`;
}

const workersOf = (workers: number, slotsPerWorker: number): string =>
  `${counted(workers, 'worker')} of ${slotsPerWorker}`;
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const short = (slots: number): string => String(Math.round(slots * 10) / 10);
const minutesOf = (ms: number): string => short(ms / 60_000);
const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** The beta at which P(wait) = 1 / (1 + beta x Phi(beta) / phi(beta)), for a share above 0 and below 1. */
export function betaFor(waitProbability: number): number {
  let low = 0;
  let high = 8;
  for (let i = 0; i < 40; i += 1) {
    const beta = (low + high) / 2;
    const wait = 1 / (1 + (beta * normalBelow(beta)) / normalDensity(beta));
    if (wait > waitProbability) low = beta;
    else high = beta;
  }
  return high;
}

const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Share of a normal distribution below x >= 0, off by less than 1e-7 (Abramowitz & Stegun 26.2.17). */
function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * x);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - normalDensity(x) * series;
}
