// The worker under test: a process of its own, registered with the bench, which plays its control plane.
import { FakeFleet, type TokenMint } from '@meridian/conformance';
import { inRoot, Problem } from '@meridian/embedded';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Cores } from './cores.ts';

const SECRET = 'density-bench-secret-0123456789abcdef';
const REGISTER_MS_MAX = 120_000;
/** Often enough for counters at the ends of a measurement, seldom enough to cost nothing. */
const HEARTBEAT_MS = 250;

export interface WorkerPlan {
  readonly command: readonly string[];
  readonly model: string;
  /** Left out: the worker measures them itself. */
  readonly slots?: number;
  readonly cores: Cores | undefined;
  readonly mint: TokenMint;
}

export interface Counters {
  readonly frames: number;
  readonly lateFrames: number;
}

export class WorkerProcess {
  static readonly id = 'density-1';
  readonly #child: ChildProcess;
  readonly #fleet: FakeFleet;
  readonly #metricsUrl: string;
  readonly port: number;

  private constructor(child: ChildProcess, fleet: FakeFleet, port: number, metricsPort: number) {
    this.#child = child;
    this.#fleet = fleet;
    this.port = port;
    this.#metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  }

  static async start(plan: WorkerPlan): Promise<WorkerProcess> {
    const fleet = new FakeFleet(SECRET, plan.mint.jwksJson, { heartbeatMs: HEARTBEAT_MS });
    await fleet.start();
    const [port, metricsPort] = [await freePort(), await freePort()];
    const [file, ...args] = pinned(plan);
    const child = spawn(file, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...environment(plan, fleet, port, metricsPort) },
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const worker = new WorkerProcess(child, fleet, port, metricsPort);
    try {
      await worker.#registered();
    } catch (error) {
      await worker.stop();
      throw error;
    }
    return worker;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** That the worker has registered with. */
  get slots(): number {
    return this.#fleet.registrations[0]?.describe?.slots ?? 0;
  }

  /** Of all sessions, as the next heartbeat tells them. */
  async counters(): Promise<Counters> {
    const { sessions } = await this.#fleet.heard(() => true);
    // Kept for tests that look back; here they would only pile up.
    this.#fleet.heartbeats.length = 0;
    return {
      frames: sessions.reduce((sum, { frames }) => sum + frames, 0),
      lateFrames: sessions.reduce((sum, { lateFrames }) => sum + lateFrames, 0),
    };
  }

  /** Prometheus text. */
  async metrics(): Promise<string> {
    return (await fetch(this.#metricsUrl)).text();
  }

  /** Ends every session, and waits until the worker says that none is left. */
  async clear(): Promise<void> {
    for (;;) {
      const { sessions } = await this.#fleet.heard(() => true);
      if (sessions.length === 0) return;
      this.#fleet.next = {
        stop: sessions.map(({ sessionId, epoch }) => ({ sessionId, epoch, endReason: 'operator_ended' })),
      };
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    this.#fleet.stop();
  }

  async #registered(): Promise<void> {
    const late = AbortSignal.timeout(REGISTER_MS_MAX);
    const ended = once(this.#child, 'exit', { signal: late }).then(
      ([code]) => {
        throw new Problem(`The worker ended with ${String(code)} before it had registered.`);
      },
      () => {
        throw new Problem(`The worker did not register within ${REGISTER_MS_MAX / 1_000} s.`);
      },
    );
    const failed = once(this.#child, 'error', { signal: late }).then(([error]) => {
      throw new Problem(`The worker cannot be started: ${String(error)}.`);
    });
    failed.catch(() => undefined);
    ended.catch(() => undefined);
    await Promise.race([this.#fleet.heard(() => true, REGISTER_MS_MAX), ended, failed]);
  }
}

function pinned({ command, cores }: WorkerPlan): [string, ...string[]] {
  const [file = '', ...args] = command;
  return cores === undefined ? [file, ...args] : ['taskset', '--cpu-list', cores.worker, file, ...args];
}

function environment(
  { model, slots, cores }: WorkerPlan,
  fleet: FakeFleet,
  port: number,
  metricsPort: number,
): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    REGION: 'us-east',
    WORKER_ID: WorkerProcess.id,
    GRPC_PORT: String(port),
    METRICS_PORT: String(metricsPort),
    MODEL_DIR: inRoot('libs', 'world-model', 'models', model),
    SLOTS: slots === undefined ? undefined : String(slots),
    CONTROL_PLANE_GRPC: fleet.address,
    FLEET_SECRET: SECRET,
    // On one core more threads would only take turns.
    ...(cores !== undefined && { UV_THREADPOOL_SIZE: '2' }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
