/** The newest `capacity` numbers and their percentiles. */
export class Samples {
  readonly #values: number[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  get size(): number {
    return this.#values.length;
  }

  /** Nearest-rank percentile, `share` in [0, 1]; undefined without samples. */
  percentile(share: number): number | undefined {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }
}
