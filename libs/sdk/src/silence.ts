// When a stream that says nothing counts as broken. Frames come every 40 ms, and a gateway whose worker has been silent for
// 2 s says so, so that 3 s without a message is a dead gateway, unless the link itself is that slow: then messages come late one by one, and the longest of the last gaps
// says so. A stream left for nothing is the costlier mistake, so every silence in a row is given twice the time.
const SILENT_MS = 3_000;
const LONGEST_MS = 10_000;
const GAPS_KEPT = 64;
const GAPS_OF_PATIENCE = 3;
/** Messages in a row (about two seconds of frames) after which earlier silences are forgotten. */
const STEADY_MESSAGES = 50;

export class Silence {
  #gapsMs: number[] = [];
  #lastMs: number | undefined;
  #inARow = 0;
  #silences = 0;

  /** Silence after which the stream counts as broken, ms. */
  get limitMs(): number {
    const patienceMs = GAPS_OF_PATIENCE * Math.max(0, ...this.#gapsMs);
    return Math.min(LONGEST_MS, Math.max(SILENT_MS * 2 ** this.#silences, patienceMs));
  }

  /** A message came, client clock, ms. `expected`: the pause before it had been announced. */
  heard(nowMs: number, expected: boolean): void {
    if (this.#lastMs !== undefined && !expected) this.#gapsMs.push(nowMs - this.#lastMs);
    if (this.#gapsMs.length > GAPS_KEPT) this.#gapsMs.shift();
    this.#lastMs = nowMs;
    this.#inARow += 1;
    if (this.#inARow >= STEADY_MESSAGES) this.#silences = 0;
  }

  /** The stream is over; `silent`: because nothing was heard. */
  streamEnded(silent: boolean): void {
    this.#lastMs = undefined;
    this.#inARow = 0;
    if (silent) this.#silences += 1;
  }
}
