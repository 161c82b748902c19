// All clients of a gateway come back at once. First it is killed with another one at hand, to which all turn in the same
// instant; then that one is killed and started again, and nobody else can serve. Nothing but the gateways is real in size: the
// workers send a frame a second, and the control plane is a book that says who asked it for another place.

import { setTimeout as delay } from 'node:timers/promises';
import { freePortBase, machineText, percentile, progressTo, wholeNumber } from '@meridian/embedded';
import type { BenchResult, Figure, Progress } from '@meridian/embedded';
import { FakeControlPlane, SECRET } from '../../apps/gateway/src/testing/fake-control-plane.ts';
import { Clients, GatewayProcess, QuietWorkers } from './stampede/processes.ts';

export const options = { streams: { type: 'string' } } as const;

/** Clients, gateways and workers share two cores here; `--streams 10000` is the number. */
const STREAMS = 5_000;
const CLIENT_PROCESSES = 4;
const WORKERS = 20;
/** Thousands of connections to one address make the kernel look for a free port at our end for most of a dial. */
const ADDRESSES = 50;
const JOIN_MS = 120_000;
const BACK_MS = 60_000;
const POLL_MS = 200;

interface Scene {
  readonly streams: number;
  readonly clients: readonly Clients[];
  readonly workers: QuietWorkers;
  readonly plane: FakeControlPlane;
}

export async function run(values: Readonly<Record<string, unknown>>): Promise<BenchResult> {
  const streams = wholeNumber('--streams', String(values['streams'] ?? STREAMS), CLIENT_PROCESSES, 50_000);
  const progress = progressTo(process.stderr);
  const plane = await FakeControlPlane.start();
  const workers = await QuietWorkers.start(WORKERS);
  const clients = Array.from({ length: CLIENT_PROCESSES }, () => new Clients());
  const base = await freePortBase();
  const ports = [base, base + 2] as const;
  const gateways = ports.map((port) => new GatewayProcess(environment(plane, port, streams)));
  const [first, second] = gateways as [GatewayProcess, GatewayProcess];
  const scene = { streams, clients, workers, plane };
  try {
    await Promise.all([first.start(), second.start()]);
    await progress.step(`${streams} streams are open`, () => joinAll(scene, ports));
    const full = first.memoryMb();
    const toOther = await stampede('the other gateway', scene, progress, ports[0], () => first.kill());
    const crowded = second.memoryMb();
    let readyAtMs = 0;
    const toRestarted = await stampede('a restarted gateway', scene, progress, ports[1], async () => {
      await second.kill();
      await second.start();
      readyAtMs = nowMs();
    });
    const { placedTwice } = await workers.book();
    const figures: Figure[] = [
      { name: 'streams', value: streams, unit: 'on one gateway' },
      ...backFigures('other_gateway', toOther),
      ...backFigures('restart', toRestarted),
      { name: 'restart_all_back_after_ready_ms', value: toRestarted.lastAtMs - readyAtMs, unit: 'ms' },
      { name: 'placed_twice', value: placedTwice, unit: 'sessions', bar: { max: 0 } },
      { name: 'other_places_asked_for', value: plane.replaceRequests.length, unit: 'calls' },
      { name: 'gateway_memory_mb', value: full.now, unit: 'MB, all streams open' },
      { name: 'gateway_memory_peak_mb', value: crowded.peak, unit: 'MB, all come at once' },
    ];
    return { bench: 'stampede', machine: machineText(), figures, notShown: NOT_SHOWN };
  } finally {
    clients.forEach((each) => each.close());
    await Promise.all(gateways.map((each) => each.kill()));
    workers.close();
    plane.goAway();
  }
}

const NOT_SHOWN = [
  'ten thousand machines: the clients are in four processes of low priority on the cores that the gateways have, and dial by loopback',
  'frames at 25 a second: with those a core carries a few hundred streams, not thousands',
  'TLS: its handshakes cost a gateway more than all the rest of a reconnect',
  'workers that are busy: these answer a dial at once',
];

const environment = (plane: FakeControlPlane, port: number, streams: number): NodeJS.ProcessEnv => ({
  REGION: 'us-east',
  HOST: '0.0.0.0',
  PORT: String(port),
  GRPC_PORT: String(port + 1),
  CONTROL_PLANE_GRPC: plane.grpcAddress,
  JWKS_URL: plane.jwksUrl,
  FLEET_SECRET: SECRET,
  LOG_LEVEL: 'error',
  MAX_STREAMS: String(2 * streams),
  MAX_CONNECTIONS: String(4 * streams),
});

async function joinAll({ streams, clients, workers, plane }: Scene, ports: readonly number[]): Promise<void> {
  const [first = 0, ...others] = ports;
  const at = (port: number, client: number) => ({
    streamUrl: `ws://127.0.0.${1 + (client % ADDRESSES)}:${port}/v1/play`,
    grpcAddress: `127.0.0.1:${port + 1}`,
  });
  const connections = await Promise.all(
    Array.from({ length: streams }, async (_unused, index) => ({
      ...at(first, index),
      alternatives: others.map((port) => at(port, index)),
      token: await plane.token({
        ...{ sessionId: `ses_${index}`, workerId: `worker-${index % WORKERS}`, epoch: 1, region: 'us-east' },
        workerAddress: `127.0.0.1:${workers.ports[index % WORKERS] ?? 0}`,
        expiresInS: 3_600,
      }),
      claimBy: new Date(Date.now() + JOIN_MS).toISOString(),
    })),
  );
  const share = Math.ceil(streams / clients.length);
  await Promise.all(
    clients.map((each, index) =>
      each.tell({ kind: 'join', connections: connections.slice(index * share, (index + 1) * share) }),
    ),
  );
  await until('every stream to be open', JOIN_MS, async () => (await sum(clients, 'joined')) === streams);
}

interface Stampede {
  readonly killedAtMs: number;
  readonly lastAtMs: number;
  readonly backAtMs: readonly number[];
  /** Sockets that these clients opened for it. */
  readonly dials: number;
  /** Clients that were at the gateway that died. */
  readonly hit: number;
}

async function stampede(
  to: string,
  { clients }: Scene,
  progress: Progress,
  port: number,
  kill: () => Promise<void>,
): Promise<Stampede> {
  return progress.step(`all come to ${to}`, async () => {
    await Promise.all(clients.map((each) => each.tell({ kind: 'watch', port })));
    const hit = await sum(clients, 'hit');
    const killedAtMs = nowMs();
    await kill();
    const backOrGone = async () => (await sum(clients, 'backAtMs')) + (await sum(clients, 'gaveUp')) >= hit;
    await until('all to be back', BACK_MS, backOrGone).catch(() => undefined);
    const reports = await Promise.all(clients.map((each) => each.tell({ kind: 'report' })));
    const backAtMs = reports.flatMap((report) => report.backAtMs);
    const dials = reports.reduce((all, report) => all + report.dials, 0);
    return { killedAtMs, lastAtMs: Math.max(...backAtMs), backAtMs, dials, hit };
  });
}

function backFigures(
  name: string,
  { backAtMs, lastAtMs, dials, hit, killedAtMs }: Stampede,
): readonly Figure[] {
  const tookMs = backAtMs.map((atMs) => atMs - killedAtMs);
  return [
    { name: `${name}_clients`, value: hit, unit: 'at once' },
    { name: `${name}_not_back`, value: hit - backAtMs.length, unit: 'clients', bar: { max: 0 } },
    { name: `${name}_dials_per_client`, value: dials / hit, unit: 'sockets' },
    { name: `${name}_back_ms_p50`, value: percentile(tookMs, 0.5), unit: 'ms' },
    { name: `${name}_back_ms_p99`, value: percentile(tookMs, 0.99), unit: 'ms' },
    { name: `${name}_all_back_ms`, value: lastAtMs - killedAtMs, unit: 'ms' },
  ];
}

async function sum(
  clients: readonly Clients[],
  what: 'joined' | 'hit' | 'backAtMs' | 'gaveUp',
): Promise<number> {
  const reports = await Promise.all(clients.map((each) => each.tell({ kind: 'report' })));
  return reports.reduce((all, report) => {
    const value = report[what];
    return all + (typeof value === 'number' ? value : value.length);
  }, 0);
}

async function until(what: string, withinMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`Waited ${withinMs} ms for ${what}.`);
    await delay(POLL_MS);
  }
}

const nowMs = () => performance.timeOrigin + performance.now();
