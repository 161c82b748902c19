const BURST_S = 2;

/** A token bucket: so many messages a second, and two seconds' worth at once after a pause. */
export class ActionRate {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #atMs: number;

  constructor(perSecondMax: number, nowMs: number) {
    this.#perMs = perSecondMax / 1_000;
    this.#burst = perSecondMax * BURST_S;
    this.#left = this.#burst;
    this.#atMs = nowMs;
  }

  /** False when the sender was too fast. */
  take(nowMs: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
