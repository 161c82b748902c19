/**
 * Hands items from a callback to one `for await` loop. `onLevel` hears of every change of the number of items that
 * wait, so that a source can be paused and resumed.
 */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #onLevel: (waiting: number) => void;
  #waiting: Waiting<T> | undefined;
  #closed = false;
  #error: Error | undefined;

  constructor(onLevel: (waiting: number) => void = () => undefined) {
    this.#onLevel = onLevel;
  }

  push(item: T): void {
    if (this.#closed) return;
    const waiting = this.#take();
    if (waiting) return waiting.resolve({ value: item, done: false });
    this.#items.push(item);
    this.#onLevel(this.#items.length);
  }

  /** The loop ends, or throws `error`, after the items that wait. Only the first call counts. */
  close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    const waiting = this.#take();
    if (error) waiting?.reject(error);
    else waiting?.resolve(DONE);
  }

  #take(): Waiting<T> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** By hand and not a generator: this is in the way of every frame. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => this.#next(), return: () => Promise.resolve(DONE) };
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#onLevel(this.#items.length);
      return Promise.resolve({ value: item, done: false });
    }
    if (this.#error) return Promise.reject(this.#error);
    if (this.#closed) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }
}

interface Waiting<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const DONE = { value: undefined, done: true } as const;
