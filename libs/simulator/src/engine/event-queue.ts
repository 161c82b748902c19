/** What happens at a moment of virtual time. */
export interface Happening {
  readonly atMs: number;
  readonly run: () => Promise<void> | void;
}

interface Entry extends Happening {
  /** Happenings of the same moment run in the order in which they were planned. */
  readonly order: number;
}

/** What is to happen, earliest first (a binary heap). */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #planned = 0;

  plan(atMs: number, run: Happening['run']): void {
    const entry = { atMs, run, order: (this.#planned += 1) };
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, this.#at(parent))) break;
      this.#heap[at] = this.#at(parent);
      at = parent;
    }
    this.#heap[at] = entry;
  }

  next(): Happening | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: Entry): void {
    const { length } = this.#heap;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && isBefore(this.#at(child + 1), this.#at(child))) child += 1;
      if (!isBefore(this.#at(child), entry)) break;
      this.#heap[at] = this.#at(child);
      at = child;
    }
    this.#heap[at] = entry;
  }

  #at(index: number): Entry {
    return this.#heap[index] as Entry;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
