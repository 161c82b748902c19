// W1. No more copies wait than the worker has slots, and none longer than its claim.
// W2. A copy is taken once. A second copy for the same session takes the first one's place.
import type { Action } from '@meridian/protocol';
import type { Clock } from '../clock.ts';

/** A session's world as it stood after a frame, set aside for another session. */
export interface WorldCopy {
  readonly state: Uint8Array;
  readonly frameNumber: number;
  /** What was done in it; undefined when nothing was yet. */
  readonly action: Action | undefined;
}

interface Waiting {
  readonly copy: WorldCopy;
  readonly cancelExpiry: () => void;
}

export class WorldCopies {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  /** False when there is no room. */
  put(sessionId: string, copy: WorldCopy, claimMs: number): boolean {
    this.drop(sessionId);
    if (this.#waiting.size >= this.#max) return false;
    const cancelExpiry = this.#clock.at(this.#clock.nowUs() + claimMs * 1_000, () =>
      this.#waiting.delete(sessionId),
    );
    this.#waiting.set(sessionId, { copy, cancelExpiry });
    return true;
  }

  take(sessionId: string): WorldCopy | undefined {
    const waiting = this.#waiting.get(sessionId);
    this.drop(sessionId);
    return waiting?.copy;
  }

  drop(sessionId: string): void {
    this.#waiting.get(sessionId)?.cancelExpiry();
    this.#waiting.delete(sessionId);
  }

  clear(): void {
    for (const sessionId of [...this.#waiting.keys()]) this.drop(sessionId);
  }
}
