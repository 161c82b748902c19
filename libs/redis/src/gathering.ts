/**
 * Lets calls leave together that nobody waits for to the millisecond: a small write of its own is the dearest part of such
 * a call, here and in the store. Who comes after a pause leaves at once.
 */
export class Gathering {
  readonly #spacingMs: number;
  #leftAtMs = Number.NEGATIVE_INFINITY;
  #next: Promise<void> | undefined;

  /** From one leaving to the next, at least. */
  constructor(spacingMs: number) {
    this.#spacingMs = spacingMs;
  }

  /** Resolves when the caller may leave, for all who wait in one turn of the event loop. */
  turn(): Promise<void> {
    if (this.#next) return this.#next;
    const waitMs = this.#leftAtMs + this.#spacingMs - performance.now();
    if (waitMs > 0) {
      this.#next = new Promise((resolve) => setTimeout(() => resolve(this.#leave()), waitMs));
      return this.#next;
    }
    this.#leave();
    return Promise.resolve();
  }

  #leave(): void {
    this.#leftAtMs = performance.now();
    this.#next = undefined;
  }
}
