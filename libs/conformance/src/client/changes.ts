/** What is waited for did not come; the message says for how long. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/** Lets many wait for one thing's changes. */
export class Changes {
  #waiting: (() => void)[] = [];

  changed(): void {
    this.#waiting.splice(0).forEach((wake) => wake());
  }

  /** The first answer of `look`, asked now and after every change, that is not undefined. @throws TooLate */
  async first<Found>(look: () => Found | undefined, withinMs: number, what: string): Promise<Found> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new TooLate(`${what} did not come within ${withinMs} ms`);
      await this.#next(leftMs);
    }
  }

  #next(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
