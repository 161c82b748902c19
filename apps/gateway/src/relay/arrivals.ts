// Streams come to their workers in turns. When a gateway of the region dies, thousands of clients come here in the same
// second; dialed all at once, each worker's first word would be late for all of them: clients would dial anew, and live
// workers would be taken for lost. So the others wait, cost next to nothing meanwhile, and hear that they do.
import { Turns } from './turns.ts';

export interface ArrivalLimits {
  /** Streams whose worker was dialed and has not answered yet. */
  readonly atOnce: number;
  /** A worker that answers later does not hold up those behind it. */
  readonly turnMs: number;
  /** Who waits hears so once in this time. */
  readonly tellEveryMs: number;
}

/** Without an answer from any worker 256 streams a second have their turn. */
const DEFAULTS: ArrivalLimits = { atOnce: 64, turnMs: 250, tellEveryMs: 2_000 };

export class Arrivals {
  readonly #limits: ArrivalLimits;
  readonly #turns: Turns;

  constructor(limits: Partial<ArrivalLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
    this.#turns = new Turns(this.#limits.atOnce);
  }

  /** Resolves with what ends the turn: the worker has answered, or will not. Throws the signal's reason when it aborts first. */
  async take(signal: AbortSignal, onWaiting: () => void): Promise<() => void> {
    const telling = setInterval(onWaiting, this.#limits.tellEveryMs);
    try {
      const endTurn = await this.#turns.take(signal);
      const tooLong = setTimeout(endTurn, this.#limits.turnMs);
      return () => {
        clearTimeout(tooLong);
        endTurn();
      };
    } finally {
      clearInterval(telling);
    }
  }
}
