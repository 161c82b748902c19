/**
 * Hands items from a callback to one `for await` loop. `onLevel` hears of every change of the number of items that
 * wait, so that a source can be paused and resumed.
 */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #onLevel: (waiting: number) => void;
  #wake: (() => void) | undefined;
  #closed = false;
  #error: Error | undefined;

  constructor(onLevel: (waiting: number) => void = () => undefined) {
    this.#onLevel = onLevel;
  }

  push(item: T): void {
    if (this.#closed) return;
    this.#items.push(item);
    this.#onLevel(this.#items.length);
    this.#wake?.();
  }

  /** The loop ends, or throws `error`, after the items that wait. Only the first call counts. */
  close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#onLevel(this.#items.length);
        yield item;
      } else if (this.#closed) {
        if (this.#error) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
    }
  }
}
