// Group commit: what arrives while a statement is under way goes with the next one. A call alone waits for nobody; the
// more there are, the larger the batches, and the fewer statements and commits for each of them.
import { StoreUnavailable } from '@meridian/application';

export interface BatchOptions {
  /** Batches under way at once. */
  readonly lanes: number;
  /** Items in one batch at most. */
  readonly sizeMax: number;
  /** Items that may wait; who comes then is refused with `StoreUnavailable`, to try again later. */
  readonly waitingMax: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly settle: (outcome: PromiseSettledResult<Result>) => void;
}

/** Collects calls into batches. `run` settles every item of a batch; if it throws, each of them fails so. */
export class Batches<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>;
  readonly #options: BatchOptions;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #starting = false;
  #underWay = 0;

  constructor(
    run: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>,
    options: BatchOptions,
  ) {
    this.#run = run;
    this.#options = options;
  }

  add(item: Item): Promise<Result> {
    if (this.#waiting.length >= this.#options.waitingMax) {
      return Promise.reject(new StoreUnavailable('postgres', { cause: new Error('too many calls wait') }));
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: PromiseSettledResult<Result>): void =>
        outcome.status === 'fulfilled' ? resolve(outcome.value) : reject(outcome.reason as Error);
      this.#waiting.push({ item, settle });
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#starting || this.#underWay >= this.#options.lanes || this.#waiting.length === 0) return;
    this.#starting = true;
    // Who arrives in the same turn of the event loop goes along.
    setImmediate(() => {
      this.#starting = false;
      void this.#runNext();
    });
  }

  async #runNext(): Promise<void> {
    this.#underWay += 1;
    const batch = this.#waiting.splice(0, this.#options.sizeMax);
    this.#startNext();
    try {
      const outcomes = await this.#run(batch.map(({ item }) => item));
      batch.forEach(({ settle }, i) => settle(outcomes[i] ?? failed(new Error('a batch left an item out'))));
    } catch (error) {
      for (const { settle } of batch) settle(failed(error));
    }
    this.#underWay -= 1;
    this.#startNext();
  }
}

const failed = (reason: unknown): PromiseRejectedResult => ({ status: 'rejected', reason });
