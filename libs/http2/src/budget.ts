/**
 * What a peer may cost us without moving data: frames that are cheap to send and dear to answer (CVE-2023-44487,
 * CVE-2019-9512, -9515, -9518). A bucket of tokens: a burst, and so many a second from then on.
 */
export class Budget {
  #tokens = BURST;
  #filledAtMs = performance.now();

  /** False when the peer has used up what it has. */
  spend(tokens: number): boolean {
    this.#tokens -= tokens;
    if (this.#tokens >= 0) return true;
    const nowMs = performance.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * TOKENS_PER_SECOND);
    this.#filledAtMs = nowMs;
    return this.#tokens >= 0;
  }
}

const BURST = 10_000;
const TOKENS_PER_SECOND = 1_000;

/** Tokens of each; a stream that was reset may have cost the dialing of a worker. */
export const Cost = { reset: 10, settings: 10, ping: 10, refusedStream: 1, emptyData: 5, noise: 2 } as const;
