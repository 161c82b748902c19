// The whole of a run: a control plane is put up, a worker registers, each case is tried on it and cleaned up after.
import { randomUUID } from 'node:crypto';
import type { DescribeResponse, RegisterRequest } from '@meridian/protocol/worker';
import { CASES } from '../cases/index.ts';
import { workerClient } from '../client/play-stream.ts';
import { WorkerCalls } from '../client/worker-calls.ts';
import { FakeFleet } from '../fleet/fake-fleet.ts';
import { tokenMint } from '../fleet/token-mint.ts';
import { otherProcess } from '../process/other-process.ts';
import { freePort } from '../process/free-port.ts';
import { startProcess, type OwnProcess } from '../process/own-process.ts';
import type { ProcessControl } from '../process/process-control.ts';
import type { Case, CaseResult } from './case.ts';
import { Lab } from './lab.ts';
import { tryCase } from './try-case.ts';

export interface ConformanceOptions {
  /** host:port of a worker that runs, or is going to. */
  readonly address?: string;
  /** The process of that worker, for SIGTERM. */
  readonly pid?: number;
  /** Power over the process of that worker, where it is not told by `pid`. */
  readonly process?: ProcessControl;
  /** Starts the worker itself, by the shell's words, instead of `address`. */
  readonly command?: string;
  /** Added to the environment of `command`. */
  readonly env?: NodeJS.ProcessEnv;
  readonly fleetHost?: string;
  /** 0 takes any free one. */
  readonly fleetPort?: number;
  readonly secret?: string;
  /** Only cases whose id begins with one of these. */
  readonly only?: readonly string[];
  /** How long cadence is watched. */
  readonly seconds?: number;
  readonly slowReaderMs?: number;
  readonly heartbeatMs?: number;
  readonly registerMsMax?: number;
  /** Told once the control plane waits for the worker. */
  readonly onWaiting?: (fleetAddress: string) => void;
  readonly onResult?: (result: CaseResult) => void;
}

export interface ConformanceReport {
  readonly worker: DescribeResponse;
  readonly cases: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  readonly notTried: number;
  readonly ms: number;
}

/** The worker cannot be tried at all: one sentence that says why. */
export class NoWorker extends Error {
  override readonly name = 'NoWorker';
}

export const DEFAULT_SECRET = 'meridian-conformance-secret-0123456789';

const ANSWER_MS_MAX = 10_000;
/** Of workers that the suite starts: what it waits for, and yet longer than a hand-over takes. */
const DRAIN_MS = 4_000;

/** Tries every case on one worker. @throws NoWorker */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const cases = chosen(options.only);
  const secret = options.secret ?? DEFAULT_SECRET;
  const mint = await tokenMint(`conformance-${randomUUID()}`);
  const { fleetHost: host = '127.0.0.1', fleetPort: port = 0, heartbeatMs = 250 } = options;
  const fleet = new FakeFleet(secret, mint.jwksJson, { host, port, heartbeatMs });
  await fleet.start().catch((error: unknown) => {
    throw new NoWorker(`The control plane cannot listen on ${host}:${port}: ${String(error)}`);
  });
  const started = await startWorker(options, fleet, secret);
  try {
    options.onWaiting?.(fleet.address);
    const registration = await registered(options, fleet, started.process);
    const address = started.address ?? registration.address;
    const lab = new Lab({
      fleet,
      mint,
      secret,
      address,
      workerId: registration.workerId,
      ...(await firstAnswer(address, secret)),
      seconds: options.seconds ?? 5,
      slowReaderMs: options.slowReaderMs ?? 5_000,
      ...(started.process && { process: started.process }),
    });
    await fleet.heard(() => true);
    return await tryAll(lab, cases, options.onResult);
  } finally {
    started.kill();
    fleet.stop();
  }
}

function chosen(only: readonly string[] | undefined): readonly Case[] {
  if (only === undefined) return CASES;
  const unknown = only.find((name) => !CASES.some(({ id }) => id.startsWith(name)));
  if (unknown !== undefined) {
    throw new NoWorker(`There is no case "${unknown}"; there are ${CASES.map(({ id }) => id).join(', ')}.`);
  }
  return CASES.filter(({ id }) => only.some((name) => id.startsWith(name)));
}

interface Started {
  readonly address: string | undefined;
  readonly process: ProcessControl | undefined;
  readonly kill: () => void;
}

async function startWorker(options: ConformanceOptions, fleet: FakeFleet, secret: string): Promise<Started> {
  const { address, pid, command } = options;
  if (command === undefined) {
    const process = options.process ?? (pid === undefined ? undefined : otherProcess(pid));
    return { address, process, kill: () => undefined };
  }
  const port = await freePort();
  const env = { ...workerEnv(port, fleet.address, secret), ...options.env };
  const all: OwnProcess[] = [];
  const start = (): OwnProcess => {
    const own = startProcess(command, env);
    const control = { ...own, restart: () => Promise.resolve(start()) };
    all.push(control);
    return control;
  };
  const process = start();
  return { address: `127.0.0.1:${port}`, process, kill: () => all.forEach((own) => own.kill()) };
}

/** What every worker of either kit reads (docs). */
function workerEnv(port: number, fleetAddress: string, secret: string): NodeJS.ProcessEnv {
  return {
    REGION: 'us-east',
    WORKER_ID: 'conformance-1',
    HOST: '127.0.0.1',
    GRPC_PORT: String(port),
    GPU_TYPE: 'h100',
    CONTROL_PLANE_GRPC: fleetAddress,
    FLEET_SECRET: secret,
    DRAIN_MS: String(DRAIN_MS),
  };
}

async function registered(
  { registerMsMax = 60_000 }: ConformanceOptions,
  fleet: FakeFleet,
  process: ProcessControl | undefined,
): Promise<RegisterRequest> {
  const gone = process?.exited.then((code) => {
    throw new NoWorker(
      `The worker ended before it registered (${code}); it said: ${process.lastWords?.() ?? ''}`,
    );
  });
  const late = () => {
    const words = process?.lastWords?.() ?? '';
    throw new NoWorker(
      `No worker registered within ${registerMsMax / 1_000} s.${words && ` It said: ${words}`}`,
    );
  };
  const first = fleet.registered(1, registerMsMax).catch(late);
  gone?.catch(() => undefined);
  return gone ? Promise.race([first, gone]) : first;
}

async function firstAnswer(
  address: string,
  secret: string,
): Promise<{ describe: DescribeResponse; answeredAtOnce: boolean }> {
  const untilMs = performance.now() + ANSWER_MS_MAX;
  const client = workerClient(address);
  try {
    for (let answeredAtOnce = true; ; answeredAtOnce = false) {
      const answer = await new WorkerCalls(client, secret).describe();
      if (answer.kind === 'answer') return { describe: answer.value, answeredAtOnce };
      if (performance.now() > untilMs) {
        throw new NoWorker(
          `The worker registered, but Describe at ${address} is not answered: ${answer.detail}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    client.close();
  }
}

async function tryAll(
  lab: Lab,
  cases: readonly Case[],
  onResult: ConformanceOptions['onResult'],
): Promise<ConformanceReport> {
  const beganMs = performance.now();
  const results: CaseResult[] = [];
  let isGone = false;
  for (const one of cases) {
    const result = isGone ? notTried(one, 'the worker does not answer any more') : await tryCase(one, lab);
    results.push(result);
    onResult?.(result);
    if (!isGone && result.outcome === 'failed') isGone = !(await recovers(lab));
  }
  lab.close();
  const count = (outcome: CaseResult['outcome']) => results.filter((each) => each.outcome === outcome).length;
  return {
    worker: lab.describe,
    cases: results,
    passed: count('passed'),
    failed: count('failed'),
    notTried: count('not-tried'),
    ms: Math.round(performance.now() - beganMs),
  };
}

const notTried = ({ id, proves }: Case, reason: string): CaseResult => ({
  id,
  proves,
  outcome: 'not-tried',
  ms: 0,
  reason,
});

/** A worker that a case has felled is started anew where that can be done. */
async function recovers(lab: Lab): Promise<boolean> {
  if (await lab.isUp()) return true;
  if (lab.process?.restart === undefined) return false;
  return lab.restart().then(
    () => true,
    () => false,
  );
}
