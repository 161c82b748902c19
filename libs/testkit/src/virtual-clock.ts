import type { Clock } from '@meridian/application';

/** Time that stands still until a test moves it (D1). */
export class VirtualClock implements Clock {
  #nowMs: number;

  /** 2026-11-02T10:00:00Z unless told: a full hour, so that tests see where hours end. */
  constructor(startMs = Date.UTC(2026, 10, 2, 10)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
