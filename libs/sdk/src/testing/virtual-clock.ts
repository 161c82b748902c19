import type { Clock } from '../clock.ts';

interface Task {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that passes only when a test says so, one timer after another, with what each sets off done in between. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000;
  #tasks: Task[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const task = { atMs: this.#nowMs + ms, run };
    this.#tasks.push(task);
    return () => (this.#tasks = this.#tasks.filter((one) => one !== task));
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = next.atMs;
      this.#tasks = this.#tasks.filter((one) => one !== next);
      next.run();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** The machine sleeps: time is gone, and the timers that came due in it run only with the next `advance`. */
  freeze(ms: number): void {
    this.#nowMs += ms;
    this.#tasks = this.#tasks.map((task) => ({ ...task, atMs: Math.max(task.atMs, this.#nowMs) }));
  }

  #next(untilMs: number): Task | undefined {
    return this.#tasks.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** All promises that can go on without time have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
