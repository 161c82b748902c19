// How many slots of a pool will be wanted when a worker that is ordered now has booted.
//
// A pool's demand is a count of sessions that come and go (an M_t/G/infinity system), so its newest value is the best
// level, and what matters is where it goes over one boot time: by its own damped trend, or as it went at this time
// yesterday and a week ago. Every forecast is judged when its time has come. That tells which method to believe (the
// inverse of its mean squared error: Bates & Granger, The Combination of Forecasts, 1969), and how far to trust the sum.

/** Demand of one pool at one moment. */
export interface DemandSample {
  readonly atMs: number;
  /** Slots with a lease. */
  readonly busySlots: number;
  /** Slots that waiting sessions would take in this pool. */
  readonly queued: number;
}

export interface ConcurrencyForecast {
  /** When the newest sample was taken, Unix ms. */
  readonly atMs: number;
  readonly horizonMs: number;
  readonly busySlots: number;
  readonly queued: number;
  /** Slots expected to be wanted at `atMs + horizonMs`. */
  readonly mean: number;
  /** Standard deviation of `mean`, slots, by how far earlier forecasts were off. */
  readonly error: number;
  /** Share of the seasons (yesterday, last week) in `mean`, 0 to 1. */
  readonly seasonShare: number;
}

/** How far ahead placement looks when it prices a pool's last slots, ms. */
export const CONGESTION_HORIZON_MS = 180_000;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What happened at this time, this long ago. */
const SEASONS_MS: readonly number[] = [DAY_MS, 7 * DAY_MS];
/** A season's value is the mean of this much on either side of its moment: its own chance is not to be repeated. */
const SEASON_SMOOTH_MS = 10 * MINUTE_MS;

// Robust Holt with a damped trend (Gardner & McKenzie 1985; Gelper, Fried & Croux 2010), a step a minute. The gains were
// chosen on simulated days of 60 to 1,000 sessions; a smaller trend's gain is a little better there, and late in a rush.
const LEVEL_GAIN = 0.95;
const TREND_GAIN = 0.03;
const DAMPING = 0.99;
/** A sample this many standard deviations off its prediction counts only once the next one agrees. */
const OUTLIER_SD = 4;
/** After a silence this long, what was known of level and trend is out of date. */
const SILENCE_MS = 30 * MINUTE_MS;
/** A forecast's weight in the judgement fades by this a minute: it forgets half in about four hours. */
const FADING = 0.997;
/** How many independent judgements the first guess is worth: that demand varies as Poisson arrivals would. */
const GUESS_WEIGHT = 2;
/** |error| / standard deviation that 68.27 % of a normal distribution's errors lie within. */
const ONE_SD = 0.6827;
/** Recent samples that a forecast is judged by, ms. */
const LOOKED_BACK_MS = 4 * 3_600_000;
/** Most judgements that the error is read from. */
const MOST_JUDGED = 720;

/** What of a pool's past a forecast made at `nowMs` reads, oldest first; it goes without what is not there. */
export const historySpans = (
  nowMs: number,
  horizonMs: number,
): readonly { readonly fromMs: number; readonly toMs: number }[] => [
  ...SEASONS_MS.map((seasonMs) => ({
    fromMs: nowMs - seasonMs - LOOKED_BACK_MS - SEASON_SMOOTH_MS,
    toMs: nowMs - seasonMs + horizonMs + SEASON_SMOOTH_MS,
  })).reverse(),
  { fromMs: nowMs - LOOKED_BACK_MS, toMs: nowMs },
];

/** The forecast made at the newest sample; undefined without one. See `forecastsOf`. */
export function forecastConcurrency(
  history: readonly DemandSample[],
  horizonMs: number,
): ConcurrencyForecast | undefined {
  return forecastsOf(history, horizonMs, 0).at(-1);
}

/**
 * Forecasts made at each sample of the last `sinceMs` before the newest one, oldest first, each from nothing but the
 * samples before it. `history` is in order of time, about a sample a minute; a gap is a gap, and samples of a day and of a
 * week ago are its seasons. Cost: one pass.
 */
export function forecastsOf(
  history: readonly DemandSample[],
  horizonMs: number,
  sinceMs: number,
): readonly ConcurrencyForecast[] {
  const newest = history.at(-1);
  if (!newest) return [];
  const forecaster = new Forecaster(horizonMs, history);
  const forecasts: ConcurrencyForecast[] = [];
  for (const sample of history) {
    const keep = sample.atMs >= newest.atMs - sinceMs;
    const forecast = forecaster.next(sample, keep);
    if (forecast) forecasts.push(forecast);
  }
  return forecasts;
}

type Method = (atMs: number) => number | undefined;

/** Reads the samples in order; what it says of one moment has seen nothing later. */
class Forecaster {
  readonly #horizonMs: number;
  readonly #trend = new DampedTrend();
  readonly #methods: readonly Judged[];
  readonly #pending: Pending[] = [];
  readonly #errors: number[] = [];

  constructor(horizonMs: number, history: readonly DemandSample[]) {
    this.#horizonMs = horizonMs;
    const past = new Smoothed(history);
    const seasonal =
      (seasonMs: number): Method =>
      (atMs) => {
        const before = past.around(atMs - seasonMs);
        const after = past.around(atMs - seasonMs + horizonMs);
        if (before === undefined || after === undefined) return undefined;
        return this.#trend.level + (after - before) * scaleOf(this.#trend.level, before);
      };
    this.#methods = [() => this.#trend.ahead(horizonMs), ...SEASONS_MS.map(seasonal)].map(
      (method) => new Judged(method),
    );
  }

  next(sample: DemandSample, keep: boolean): ConcurrencyForecast | undefined {
    const { atMs, busySlots, queued } = sample;
    const demand = busySlots + queued;
    this.#judge(atMs, demand);
    this.#trend.see(atMs, demand);
    const votes = this.#methods.map((method) => method.vote(atMs));
    const weights = votes.map((vote, i) => (vote === undefined ? 0 : (this.#methods[i]?.weight ?? 0)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const blend = votes.reduce<number>((sum, vote, i) => sum + ((vote ?? 0) * (weights[i] ?? 0)) / total, 0);
    const mean = Math.max(0, blend);
    this.#pending.push({ dueMs: atMs + this.#horizonMs, mean, votes });
    if (!keep) return undefined;
    const error = Math.sqrt(Math.max(1, mean) * this.#peakedness());
    const seasonShare = 1 - (weights[0] ?? 0) / total;
    return { atMs, horizonMs: this.#horizonMs, busySlots, queued, mean, error, seasonShare };
  }

  #judge(atMs: number, demand: number): void {
    let due = this.#pending[0];
    while (due && due.dueMs <= atMs) {
      this.#pending.shift();
      // After a gap nobody knows what demand was when the forecast was due.
      if (atMs - due.dueMs < 1.5 * MINUTE_MS) {
        const unit = Math.sqrt(Math.max(1, due.mean));
        this.#errors.push((demand - due.mean) / unit);
        if (this.#errors.length > MOST_JUDGED) this.#errors.shift();
        for (const [i, vote] of due.votes.entries()) {
          if (vote !== undefined) this.#methods[i]?.learn(atMs, (demand - vote) / unit);
        }
      }
      due = this.#pending[0];
    }
  }

  /**
   * Variance of the forecast's error / mean: 1 if demand were drawn anew from a Poisson distribution, less where sessions
   * outlast the horizon, more where they come in crowds. In teletraffic: peakedness (Eckberg 1983).
   */
  #peakedness(): number {
    const horizonMin = Math.max(1, this.#horizonMs / MINUTE_MS);
    const judged = this.#errors.length / horizonMin;
    const sorted = this.#errors.map(Math.abs).sort((a, b) => a - b);
    const oneSd = sorted[Math.floor(sorted.length * ONE_SD)] ?? 1;
    return (GUESS_WEIGHT + judged * oneSd ** 2) / (GUESS_WEIGHT + judged);
  }
}

interface Pending {
  readonly dueMs: number;
  readonly mean: number;
  readonly votes: readonly (number | undefined)[];
}

/** One method, with how far off it was: its weight is the inverse of its mean squared error. */
class Judged {
  readonly vote: Method;
  #squares = 0;
  #count = 0;
  #learnedAtMs = Infinity;

  constructor(vote: Method) {
    this.vote = vote;
  }

  get weight(): number {
    return (GUESS_WEIGHT + this.#count) / (GUESS_WEIGHT + this.#squares);
  }

  learn(atMs: number, error: number): void {
    const minutes = Math.max(0, atMs - this.#learnedAtMs) / MINUTE_MS;
    const kept = FADING ** minutes;
    this.#squares = kept * this.#squares + error ** 2;
    this.#count = kept * this.#count + 1;
    this.#learnedAtMs = atMs;
  }
}

/** Level and trend of what was seen, the trend flattening out as one looks ahead. */
class DampedTrend {
  level = 0;
  #perMinute = 0;
  #variance = 0;
  #atMs: number | undefined;
  /** Side on which the sample before this one was an outlier: -1, 0, 1. */
  #off = 0;

  ahead(ms: number): number {
    return this.level + this.#perMinute * dampedMinutes(ms / MINUTE_MS);
  }

  see(atMs: number, demand: number): void {
    const passedMs = this.#atMs === undefined ? Infinity : atMs - this.#atMs;
    this.#atMs = atMs;
    if (passedMs > SILENCE_MS) this.#begin(demand);
    else this.#follow(demand, passedMs / MINUTE_MS);
  }

  #begin(demand: number): void {
    this.level = demand;
    this.#perMinute = 0;
    this.#variance = Math.max(1, demand / 10);
    this.#off = 0;
  }

  #follow(demand: number, minutes: number): void {
    const predicted = this.level + this.#perMinute * dampedMinutes(minutes);
    const surprise = demand - predicted;
    const most = OUTLIER_SD * Math.sqrt(Math.max(1, this.#variance * minutes));
    const off = Math.abs(surprise) > most ? Math.sign(surprise) : 0;
    const isNews = off !== 0 && off === this.#off;
    this.#off = isNews ? 0 : off;
    this.#perMinute *= DAMPING ** minutes;
    if (isNews) this.level = demand;
    else if (off !== 0) this.level = predicted;
    else {
      this.level = predicted + (1 - (1 - LEVEL_GAIN) ** minutes) * surprise;
      this.#perMinute += (1 - (1 - TREND_GAIN) ** minutes) * (surprise / minutes);
    }
    const square = Math.min(Math.abs(surprise), most) ** 2 / minutes;
    this.#variance += TREND_GAIN * (square - this.#variance);
  }
}

/** Sum of DAMPING^j for j = 1 .. minutes, which need not be whole. */
const dampedMinutes = (minutes: number): number => (DAMPING * (1 - DAMPING ** minutes)) / (1 - DAMPING);

/** Demand of the past around a moment. */
class Smoothed {
  readonly #times: readonly number[];
  readonly #sums: readonly number[];

  constructor(history: readonly DemandSample[]) {
    this.#times = history.map(({ atMs }) => atMs);
    let sum = 0;
    this.#sums = [0, ...history.map(({ busySlots, queued }) => (sum += busySlots + queued))];
  }

  /** Undefined: too little is known of that time. */
  around(atMs: number): number | undefined {
    if (atMs + SEASON_SMOOTH_MS < (this.#times[0] ?? Infinity)) return undefined;
    const from = this.#firstAtOrAfter(atMs - SEASON_SMOOTH_MS);
    const to = this.#firstAtOrAfter(atMs + SEASON_SMOOTH_MS + 1);
    if (to - from < SEASON_SMOOTH_MS / MINUTE_MS) return undefined;
    return ((this.#sums[to] ?? 0) - (this.#sums[from] ?? 0)) / (to - from);
  }

  #firstAtOrAfter(atMs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Today against the season, within reason: twice the users make twice the slope. */
const scaleOf = (level: number, before: number): number =>
  Math.min(3, Math.max(0.3, (level + 1) / (before + 1)));
