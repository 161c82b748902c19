// L2. A worker serves a session only at the highest epoch it has seen. What is seen outlives the session here, so that
// a token of an ended session, still valid, cannot start it anew.

interface Seen {
  readonly epoch: number;
  readonly ended: boolean;
}

/** Far above what a worker serves within the life of a claim; about 100 bytes each. */
const SESSIONS_MAX = 10_000;

export class EpochMemory {
  readonly #seen = new Map<string, Seen>();
  readonly #max: number;

  constructor(max = SESSIONS_MAX) {
    this.#max = max;
  }

  get(sessionId: string): Seen | undefined {
    return this.#seen.get(sessionId);
  }

  /** Remembers the epoch unless a higher one is known. The session touched longest ago is forgotten for room. */
  note(sessionId: string, epoch: number, ended: boolean): void {
    const known = this.#seen.get(sessionId);
    if (known !== undefined && known.epoch > epoch) return;
    const stillEnded = known?.epoch === epoch && known.ended;
    this.#seen.delete(sessionId);
    this.#seen.set(sessionId, { epoch, ended: ended || stillEnded });
    if (this.#seen.size <= this.#max) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}
