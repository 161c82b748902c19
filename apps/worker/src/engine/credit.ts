// B1. A session with credit ends when its active time has reached it, whether or not anybody can be asked for more: what
//     was not granted is not served, so that a budget needs no race to hold. Credit only rises.
import type { Meter } from './meter.ts';
import type { Limit } from './session.ts';

const NEVER: Limit = { atUs: Infinity, lengthUs: Infinity, reason: 'budget_exhausted' };

/** Active time that is paid for. */
export class Credit {
  readonly #meter: Meter;
  #ms: number | undefined;
  /** The active time at which it was given. */
  #fromMs = 0;

  /** `ms` undefined: no limit. */
  constructor(meter: Meter, ms: number | undefined) {
    this.#meter = meter;
    this.#ms = ms;
  }

  get ms(): number | undefined {
    return this.#ms;
  }

  /** Answers whether it rose, or was given for the first time. */
  renew(ms: number, nowUs: number): boolean {
    if (this.#ms !== undefined && ms <= this.#ms) return false;
    this.#ms = ms;
    this.#fromMs = this.#meter.activeMs(nowUs);
    return true;
  }

  limit(): Limit {
    if (this.#ms === undefined) return NEVER;
    const lengthUs = Math.max(0, this.#ms - this.#fromMs) * 1_000;
    return { atUs: this.#meter.reachesUs(this.#ms), lengthUs, reason: 'budget_exhausted' };
  }
}
