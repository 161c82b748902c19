// An action waits for the next step: half a frame on average, a whole one at worst. A client that sends on a steady
// timer always waits the same time, so its session's steps can be moved to just after its actions arrive.
//
// P1. Steps are only ever delayed, by at most 2 ms a frame: a session never exceeds its frame rate.
// P2. All delays together take at most one frame in thirty seconds: a client whose actions follow its frames, which can
//     never be caught up with, costs 0.2 % of the frame rate and no more.
// P3. Nothing moves for a client that sends when a key changes: its arrivals have no phase.

/** A step begins this long after the mean arrival, so that a little jitter does not cost a whole frame. */
const GUARD_US = 4_000;
/** Arrivals this near the guard are left alone. */
const DEAD_BAND_US = 3_000;
const SHIFT_US_MAX = 2_000;
const BUDGET_WINDOW_US = 30_000_000;
/** Weight of a new arrival in the running mean. */
const WEIGHT = 1 / 8;
const ARRIVALS_MIN = 12;
/** Length of the mean of unit vectors: 1 when all arrive at the same phase, 0 when at any. */
const STEADINESS_MIN = 0.85;

export class PhaseAligner {
  readonly #intervalUs: number;
  #x = 0;
  #y = 0;
  #arrivals = 0;
  #budgetUs: number;
  #budgetSinceUs = 0;

  constructor(intervalUs: number) {
    this.#intervalUs = intervalUs;
    this.#budgetUs = intervalUs;
  }

  /** An action arrived `waitUs` before the next step begins. */
  arrived(waitUs: number): void {
    const angle = (2 * Math.PI * waitUs) / this.#intervalUs;
    this.#x += WEIGHT * (Math.cos(angle) - this.#x);
    this.#y += WEIGHT * (Math.sin(angle) - this.#y);
    this.#arrivals += 1;
  }

  /** How much later than its grid the next step should be due, in microseconds. Counts as done. */
  takeShiftUs(nowUs: number): number {
    if (nowUs - this.#budgetSinceUs >= BUDGET_WINDOW_US) {
      this.#budgetSinceUs = nowUs;
      this.#budgetUs = this.#intervalUs;
    }
    const shiftUs = Math.min(this.#wantedUs(), SHIFT_US_MAX, this.#budgetUs);
    this.#budgetUs -= shiftUs;
    this.#rotate(shiftUs);
    return shiftUs;
  }

  #wantedUs(): number {
    if (this.#arrivals < ARRIVALS_MIN || Math.hypot(this.#x, this.#y) < STEADINESS_MIN) return 0;
    const waitUs = (Math.atan2(this.#y, this.#x) / (2 * Math.PI)) * this.#intervalUs;
    const wantedUs = modulo(GUARD_US - waitUs, this.#intervalUs);
    const near = Math.min(wantedUs, this.#intervalUs - wantedUs) <= DEAD_BAND_US;
    return near ? 0 : wantedUs;
  }

  /** The past, as it would have been seen from the moved grid. */
  #rotate(shiftUs: number): void {
    if (shiftUs === 0) return;
    const angle = (2 * Math.PI * shiftUs) / this.#intervalUs;
    const [x, y] = [this.#x, this.#y];
    this.#x = x * Math.cos(angle) - y * Math.sin(angle);
    this.#y = x * Math.sin(angle) + y * Math.cos(angle);
  }
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size;
}
