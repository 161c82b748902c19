// The processes of the stampede: quiet workers, gateways that can be killed and started again, and clients by the thousand.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './clients.ts';
import type { Book } from './quiet-workers.ts';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const START_MS = 30_000;

/** Asks with one message and takes the next as its answer; one question at a time. */
async function ask<Answer>(child: ChildProcess, question: object): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(question);
  const [said] = (await answer) as [Answer];
  return said;
}

export class QuietWorkers {
  readonly #child: ChildProcess;
  readonly ports: readonly number[];

  private constructor(child: ChildProcess, ports: readonly number[]) {
    this.#child = child;
    this.ports = ports;
  }

  static async start(workers: number): Promise<QuietWorkers> {
    const child = fork(here('quiet-workers.ts'), [String(workers)]);
    const [{ ports }] = (await once(child, 'message')) as [{ ports: number[] }];
    return new QuietWorkers(child, ports);
  }

  book(): Promise<Book> {
    return ask<Book>(this.#child, {});
  }

  close(): void {
    this.#child.kill();
  }
}

export class Clients {
  readonly #child = fork(here('clients.ts'));

  tell(order: Order): Promise<Report> {
    return ask<Report>(this.#child, order);
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

export class GatewayProcess {
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    this.#child = spawn(process.execPath, [here('../../../apps/gateway/dist/main.js')], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: this.#env,
    });
    const url = `http://127.0.0.1:${this.#env['PORT'] ?? ''}/readyz`;
    const deadlineMs = performance.now() + START_MS;
    while (
      !(await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (performance.now() > deadlineMs) throw new Error('A gateway did not start.');
      await delay(20);
    }
  }

  async kill(): Promise<void> {
    const gone = this.#child ? once(this.#child, 'exit') : undefined;
    this.#child?.kill('SIGKILL');
    await gone;
    this.#child = undefined;
  }

  /** Resident now, and the most it ever was, MB. */
  memoryMb(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#child?.pid ?? 0}/status`, 'utf8');
    const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1_024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  }
}
