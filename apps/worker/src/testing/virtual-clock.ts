import type { Clock } from '../clock.ts';

interface Task {
  readonly atUs: number;
  readonly run: () => void;
}

const MIDDAY_US = Date.UTC(2026, 0, 1, 12) * 1_000;

/** Time that stands still until it is moved; everything due on the way happens at its own time. */
export class VirtualClock implements Clock {
  #nowUs = MIDDAY_US;
  readonly #tasks = new Set<Task>();

  nowUs(): number {
    return this.#nowUs;
  }

  at(atUs: number, run: () => void): () => void {
    const task = { atUs, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  /** Tasks that wait for their time. */
  get waiting(): number {
    return this.#tasks.size;
  }

  async advanceMs(ms: number): Promise<void> {
    const untilUs = this.#nowUs + ms * 1_000;
    await settle();
    for (let task = this.#first(untilUs); task !== undefined; task = this.#first(untilUs)) {
      this.#tasks.delete(task);
      this.#nowUs = Math.max(this.#nowUs, task.atUs);
      task.run();
      await settle();
    }
    this.#nowUs = untilUs;
  }

  #first(untilUs: number): Task | undefined {
    const due = [...this.#tasks].filter(({ atUs }) => atUs <= untilUs);
    return due.sort((a, b) => a.atUs - b.atUs)[0];
  }
}

/** Promises that can settle without time passing have settled after this. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
