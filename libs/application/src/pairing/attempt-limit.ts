import type { Clock } from '../ports/clock.ts';

export interface AttemptLimit {
  /**
   * Takes an attempt; undefined: go on. Else for how long to wait, ms. Both who asks and all together have a budget that
   * fills up again over time.
   */
  take(who: string): number | undefined;
  /** The attempt was right: it costs nothing. */
  giveBack(who: string): void;
}

export interface AttemptBudget {
  /** Attempts at once. */
  readonly burst: number;
  /** Attempts that come back in a minute. */
  readonly perMinute: number;
}

/** Whoever has not tried for long enough to have everything back is forgotten. */
const WHO_MAX = 10_000;

/** A token bucket for each who, and one for all. */
export function makeAttemptLimit(clock: Clock, each: AttemptBudget, all: AttemptBudget): AttemptLimit {
  const buckets = new Map<string, Bucket>();
  const together = new Bucket(all, clock.nowMs());
  const bucketOf = (who: string, nowMs: number): Bucket => {
    const known = buckets.get(who);
    if (known) return known;
    if (buckets.size >= WHO_MAX) forget(buckets, nowMs);
    const bucket = new Bucket(each, nowMs);
    buckets.set(who, bucket);
    return bucket;
  };
  return {
    take(who) {
      const nowMs = clock.nowMs();
      const own = bucketOf(who, nowMs);
      const waitMs = Math.max(own.waitMs(nowMs), together.waitMs(nowMs));
      if (waitMs > 0) return waitMs;
      own.add(-1);
      together.add(-1);
      return undefined;
    },
    giveBack(who) {
      buckets.get(who)?.add(1);
      together.add(1);
    },
  };
}

class Bucket {
  readonly #budget: AttemptBudget;
  #left: number;
  #atMs: number;

  constructor(budget: AttemptBudget, nowMs: number) {
    this.#budget = budget;
    this.#left = budget.burst;
    this.#atMs = nowMs;
  }

  /** Until an attempt is left, ms; 0: now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#left >= 1 ? 0 : Math.ceil((1 - this.#left) / this.#perMs);
  }

  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#left >= this.#budget.burst;
  }

  add(attempts: number): void {
    this.#left = Math.min(this.#budget.burst, this.#left + attempts);
  }

  #fill(nowMs: number): void {
    this.add(Math.max(0, nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }

  get #perMs(): number {
    return this.#budget.perMinute / 60_000;
  }
}

/** Those that are full; when none is, the one that came first, since memory is bounded and the budget of all holds. */
function forget(buckets: Map<string, Bucket>, nowMs: number): void {
  for (const [who, bucket] of buckets) if (bucket.isFull(nowMs)) buckets.delete(who);
  const first = buckets.keys().next();
  if (buckets.size >= WHO_MAX && !first.done) buckets.delete(first.value);
}
