import type { Percentiles } from '@meridian/protocol/worker';

const WINDOW_US = 10_000_000;
/** The newest so many, should more come within the window: 60 sessions' frames, and two arrays of 128 kB. */
const KEPT = 16_384;

/** Values of the last ten seconds, for percentiles. */
export class RecentValues {
  readonly #atUs = new Float64Array(KEPT);
  readonly #values = new Float64Array(KEPT);
  readonly #atRest: Percentiles;
  #added = 0;

  /** @param atRest values that speak while the window is empty, such as those of the warm-up. */
  constructor(atRest: readonly number[]) {
    this.#atRest = percentilesOf(Float64Array.from(atRest));
  }

  add(value: number, nowUs: number): void {
    const at = this.#added % KEPT;
    this.#atUs[at] = nowUs;
    this.#values[at] = value;
    this.#added += 1;
  }

  percentiles(nowUs: number): Percentiles {
    const recent = this.#recent(nowUs - WINDOW_US);
    return recent.length === 0 ? this.#atRest : percentilesOf(recent);
  }

  #recent(sinceUs: number): Float64Array {
    const kept = Math.min(this.#added, KEPT);
    return this.#values.subarray(0, kept).filter((_, i) => (this.#atUs[i] ?? 0) > sinceUs);
  }
}

/** By nearest rank; 0 of nothing. */
function percentilesOf(values: Float64Array): Percentiles {
  const sorted = values.toSorted();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
