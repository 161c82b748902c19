import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DataDir } from '../layout.ts';
import { Problem, sentenceFor } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { endOurs, findOurs, markOf } from './our-processes.ts';
import { SupervisedProcess, type ProcessSpec } from './supervised-process.ts';

export interface SupervisorOptions {
  readonly data: DataDir;
  readonly progress: Progress;
  /** False: a process that dies stays away, so that a bench can see what its death does. */
  readonly restart: boolean;
}

/** All processes of one run. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #processes = new Map<string, SupervisedProcess>();
  readonly #pids = new Map<string, number>();
  #onFatal: ((problem: Problem) => void) | undefined;
  #stopping: Promise<void> | undefined;

  /** Rejects when a process turns out to be unable to run; never resolves. */
  readonly failure = new Promise<never>((_resolve, reject) => {
    this.#onFatal = reject;
  });

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.failure.catch(() => undefined);
    this.#startReaper();
  }

  /** Starts a process and waits until it is ready. */
  async start(spec: ProcessSpec): Promise<void> {
    const { data, progress, restart } = this.#options;
    const marked = { ...spec, env: { ...spec.env, ...markOf(data) } };
    const supervised = new SupervisedProcess(marked, {
      logsDir: data.logs,
      restart,
      onDeath: (name, how) => progress.note(`${name} ended (${how}); starting it again`),
      onFatal: (problem) => this.#onFatal?.(problem),
      onPid: (name, pid) => this.#notePid(name, pid),
    });
    this.#processes.set(spec.name, supervised);
    await progress.step(`${spec.name} is ready`, () => supervised.start());
  }

  pidOf(name: string): number | undefined {
    return this.#processes.get(name)?.pid;
  }

  /** Stops everything stage by stage, then makes sure that nothing of this run is left. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  /** For the second Ctrl-C. */
  kill(): void {
    for (const each of this.#processes.values()) each.kill();
  }

  async #stopInOrder(): Promise<void> {
    const all = [...this.#processes.values()];
    const stages = [...new Set(all.map((each) => each.spec.stopStage))].sort((a, b) => a - b);
    for (const stage of stages) {
      await Promise.all(all.filter((each) => each.spec.stopStage === stage).map((each) => each.stop()));
    }
    await endOurs(() => findOurs(this.#options.data));
  }

  /**
   * A shell that waits for the end of its standard input, which comes however this process ends. Only then does
   * it become the program that cleans up: a `kill -9` of the supervisor leaves nothing behind either.
   */
  #startReaper(): void {
    const { data } = this.#options;
    const script = path.join(import.meta.dirname, 'reaper.ts');
    const command = 'while read -r _; do :; done; exec "$0" "$@"';
    const reaper = spawn('/bin/sh', ['-c', command, process.execPath, script, data.path], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, ...markOf(data) },
    });
    reaper.unref();
  }

  #notePid(name: string, pid: number | undefined): void {
    if (pid === undefined) this.#pids.delete(name);
    else this.#pids.set(name, pid);
    const file = path.join(this.#options.data.run, 'pids.json');
    try {
      writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(this.#pids), undefined, 2));
      renameSync(`${file}.new`, file);
    } catch (error) {
      this.#onFatal?.(new Problem(sentenceFor(error)));
    }
  }
}
