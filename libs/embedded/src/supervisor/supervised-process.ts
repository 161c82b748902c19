import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../problem.ts';
import { lastLines } from '../run-command.ts';
import { lastWords } from './last-words.ts';
import { sendSignal } from './our-processes.ts';

export interface ProcessSpec {
  /** Unique in a system; also the name of the log file. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** True once it can do its work. */
  readonly ready: () => Promise<boolean>;
  /** Puts right what an earlier life of the process left behind. */
  readonly beforeStart?: () => Promise<void>;
  readonly stopSignal: NodeJS.Signals;
  /** Processes of a lower stage are stopped first. */
  readonly stopStage: number;
}

export interface ProcessHooks {
  readonly logsDir: string;
  readonly restart: boolean;
  /** It ended although nobody asked; it is being started again. */
  readonly onDeath: (name: string, how: string) => void;
  /** It cannot run at all. */
  readonly onFatal: (problem: Problem) => void;
  readonly onPid: (name: string, pid: number | undefined) => void;
}

const READY_POLL_MS = 40;
const READY_WITHIN_MS = 60_000;
const STOP_GRACE_MS = 6_000;
const BACKOFF_MS_MAX = 5_000;
const STEADY_AFTER_MS = 10_000;
const FIRST_STARTS_MAX = 3;
const LOG_BYTES_MAX = 20 * 1024 * 1024;
/** `EX_CONFIG`: the process said in one sentence what is wrong with its settings; trying again cannot help. */
const EXIT_CONFIG = 78;

/** Keeps one process running: started in a group of its own, started again when it dies, stopped with its group. */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly #hooks: ProcessHooks;
  #child: ChildProcess | undefined;
  #stopping = false;
  #wasReady = false;
  #deaths = 0;
  #failed: Problem | undefined;
  /** Bytes that the log had before the newest start. */
  #logStart = 0;

  constructor(spec: ProcessSpec, hooks: ProcessHooks) {
    this.spec = spec;
    this.#hooks = hooks;
  }

  get logFile(): string {
    return path.join(this.#hooks.logsDir, `${this.spec.name}.log`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the process is ready for the first time; a `Problem` says why it never will be. */
  async start(): Promise<void> {
    await this.#spawn();
    const deadlineMs = performance.now() + READY_WITHIN_MS;
    while (!(await this.spec.ready())) {
      if (this.#failed) throw this.#failed;
      if (this.#stopping) throw new Problem(`${this.spec.name} was stopped before it was ready.`);
      if (performance.now() > deadlineMs)
        throw this.#problem(`is not ready after ${READY_WITHIN_MS / 1_000} s`);
      await delay(READY_POLL_MS);
    }
    this.#wasReady = true;
  }

  /** Ends the process and whatever it started. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child?.pid === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(this.spec.stopSignal);
      const graceOver = new AbortController();
      const force = delay(STOP_GRACE_MS, undefined, { signal: graceOver.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await ended;
      graceOver.abort();
      await force;
    }
    sendSignal(-child.pid, 'SIGKILL');
  }

  kill(): void {
    this.#stopping = true;
    if (this.pid !== undefined) sendSignal(-this.pid, 'SIGKILL');
  }

  async #spawn(): Promise<void> {
    await this.spec.beforeStart?.();
    if (this.#stopping) return;
    const { file, args, env, cwd, uid, gid } = this.spec;
    const log = this.#openLog();
    const child = spawn(file, args, {
      env,
      detached: true,
      stdio: ['ignore', log, log],
      ...(cwd !== undefined && { cwd }),
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    });
    closeSync(log);
    this.#child = child;
    const startedMs = performance.now();
    child.once('error', (error) => this.#fail(`cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => this.#onExit(child, code, signal, performance.now() - startedMs));
    this.#hooks.onPid(this.spec.name, child.pid);
  }

  #onExit(child: ChildProcess, code: number | null, signal: string | null, livedMs: number): void {
    if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
    this.#hooks.onPid(this.spec.name, undefined);
    if (this.#stopping) return;
    const how = signal ?? `exit code ${code}`;
    this.#deaths = livedMs > STEADY_AFTER_MS ? 1 : this.#deaths + 1;
    if (code === EXIT_CONFIG) return this.#failWith(this.#saidLast());
    const startsMax = this.#hooks.restart ? FIRST_STARTS_MAX : 1;
    if (!this.#wasReady && this.#deaths >= startsMax) return this.#fail(`ended at its start (${how})`);
    if (!this.#hooks.restart) return;
    this.#hooks.onDeath(this.spec.name, how);
    const backoffMs = Math.min(250 * 2 ** this.#deaths, BACKOFF_MS_MAX);
    void delay(backoffMs, undefined, { ref: false })
      .then(() => this.#spawn())
      .catch((error: unknown) => this.#fail(`cannot be started again: ${String(error)}`));
  }

  #fail(what: string): void {
    this.#failWith(this.#problem(what));
  }

  #failWith(problem: Problem): void {
    this.#failed = problem;
    this.#hooks.onFatal(problem);
  }

  /** A wrong setting is told by the process itself, as one sentence in its last line. */
  #saidLast(): Problem {
    return new Problem(`${this.spec.name}: ${lastLines(this.#said(), 1)}`);
  }

  #problem(what: string): Problem {
    const said = this.#said();
    if (/No space left on device|ENOSPC/.test(said)) {
      return new Problem(`The disk is full (${this.spec.name} says so); free 1 GB and run this again.`);
    }
    return new Problem(`${this.spec.name} ${what}; it says: ${lastWords(said)} (more in ${this.logFile})`);
  }

  #said(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile).subarray(this.#logStart).toString() : '';
  }

  #openLog(): number {
    if (existsSync(this.logFile) && statSync(this.logFile).size > LOG_BYTES_MAX) {
      renameSync(this.logFile, `${this.logFile}.1`);
    }
    this.#logStart = existsSync(this.logFile) ? statSync(this.logFile).size : 0;
    return openSync(this.logFile, 'a');
  }
}
