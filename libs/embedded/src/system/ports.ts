import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../problem.ts';

export const HOST = '127.0.0.1';

/** Ports of one system, all within 100 of its base. */
export const portPlan = (base: number) => ({
  controlPlane: base,
  controlPlaneGrpc: base + 1,
  gateway: (region: number, number: number) => base + 10 * (region + 1) + 2 * number,
  gatewayGrpc: (region: number, number: number) => base + 10 * (region + 1) + 2 * number + 1,
  worker: (index: number) => base + 40 + 2 * index,
  workerHealth: (index: number) => base + 41 + 2 * index,
  postgres: base + 90,
  redis: (region: number) => base + 91 + region,
});

export type PortPlan = ReturnType<typeof portPlan>;

/** Gateways of a region; their ports lie within ten of its first. */
export const MAX_GATEWAYS = 4;

/** At most 25 workers fit between a plan's worker ports and its stores'. */
export const MAX_WORKERS = 24;

/** A process that was just killed lets go of its ports a little after it is gone from the process table. */
const LET_GO_MS = 2_000;
const POLL_MS = 50;

export async function checkPortsFree(ports: readonly number[]): Promise<void> {
  const untilMs = performance.now() + LET_GO_MS;
  let taken = await takenOf(ports);
  while (taken.length > 0 && performance.now() < untilMs) {
    await delay(POLL_MS);
    taken = await takenOf(taken);
  }
  if (taken.length === 0) return;
  throw new Problem(
    `${taken.length > 1 ? 'Ports' : 'Port'} ${taken.join(', ')} ${taken.length > 1 ? 'are' : 'is'} taken by another program; stop it, or choose other ports with --port-base N.`,
  );
}

async function takenOf(ports: readonly number[]): Promise<readonly number[]> {
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_port, index) => !free[index]);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A base whose 100 ports are free now. Below 32768, where Linux takes the ports of outgoing connections from, so
 * that none of those can come in between.
 */
export async function freePortBase(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const base = 12_000 + 100 * Math.floor(Math.random() * 200);
    const plan = portPlan(base);
    const all = Array.from({ length: 100 }, (_unused, offset) => plan.controlPlane + offset);
    if ((await Promise.all(all.map(isFree))).every(Boolean)) return base;
  }
  throw new Problem(
    'No 100 free ports in a row were found from 12000 to 32000; stop some programs that listen there.',
  );
}
