/** About ten seconds of one session's steps. */
const KEPT = 256;

/** The newest step times, for percentiles. */
export class StepTimes {
  readonly #ms: number[] = [];
  #next = 0;

  add(ms: number): void {
    this.#ms[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** Nearest-rank percentile in milliseconds; 0 before the first step. */
  percentile(share: number): number {
    const sorted = [...this.#ms].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  }
}
