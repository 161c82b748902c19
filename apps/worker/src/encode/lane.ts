/** Lets at most `widthMax` tasks run at once; the others wait their turn in the order in which they came. */
export class Lane {
  readonly #widthMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(widthMax: number) {
    this.#widthMax = widthMax;
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#widthMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await task();
    } finally {
      // The place is handed on rather than given back: nobody who came later can slip in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
