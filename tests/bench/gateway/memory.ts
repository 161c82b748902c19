// Resident memory of a gateway: what an idle stream takes, and what 200 clients take that never read.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openStreams, overGrpc, overWebSocket, type Load, type OpenStream } from './load.ts';
import type { Relay } from './relays.ts';

const IDLE_STREAMS = 1_500;
/** What the first streams take is the program getting warm. */
const WARM_UP_STREAMS = 100;
const SETTLE_MS = 2_500;
export const STALLED_CLIENTS = 200;
const STALLED_MS = 10_000;
const SAMPLE_MS = 250;

export function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return pages * 4_096;
}

/** Of the growth from the warm-up to all streams, a stream's share; `tokens` for as many streams as it opens. */
export async function idleStreamBytes(
  gateway: Relay,
  tokens: (count: number) => Promise<string[]>,
): Promise<number> {
  const users = await tokens(IDLE_STREAMS);
  const open = overGrpc({ port: gateway.grpcPort, isTls: false }, users);
  const warm = openStreams(WARM_UP_STREAMS, open);
  await settled(warm, WARM_UP_STREAMS);
  const before = residentBytes(gateway.pid);
  const more = openStreams(IDLE_STREAMS - WARM_UP_STREAMS, (user, onFrame) =>
    open(user + WARM_UP_STREAMS, onFrame),
  );
  await settled(more, IDLE_STREAMS - WARM_UP_STREAMS);
  const bytes = residentBytes(gateway.pid) - before;
  warm.close();
  more.close();
  return bytes / (IDLE_STREAMS - WARM_UP_STREAMS);
}

/** Each stream has had its one frame, and rests. */
async function settled(load: Load, streams: number): Promise<void> {
  while (load.frames < streams) await delay(SAMPLE_MS);
  await delay(SETTLE_MS);
}

export interface Stalled {
  readonly bytesMax: number;
  /** In the last quarter, against the quarter before: a queue without end would go on growing. */
  readonly growthBytes: number;
}

/** Half of them over gRPC, half over WebSocket. */
export async function stalledClientsBytes(
  gateway: Relay,
  tokens: (count: number) => Promise<string[]>,
): Promise<Stalled> {
  const users = await tokens(STALLED_CLIENTS);
  const before = residentBytes(gateway.pid);
  const grpc = overGrpc({ port: gateway.grpcPort, isTls: false }, users, { isRead: false });
  const webSocket = overWebSocket({ port: gateway.port, isTls: false }, users, { isRead: false });
  const either: OpenStream = (user, onFrame) => (user % 2 === 0 ? grpc : webSocket)(user, onFrame);
  const load = openStreams(STALLED_CLIENTS, either);
  const samples: number[] = [];
  for (let sample = 0; sample < STALLED_MS / SAMPLE_MS; sample += 1) {
    await delay(SAMPLE_MS);
    samples.push(residentBytes(gateway.pid) - before);
  }
  load.close();
  const quarter = samples.length / 4;
  const mostOf = (part: readonly number[]) => Math.max(...part);
  return {
    bytesMax: mostOf(samples),
    growthBytes: mostOf(samples.slice(3 * quarter)) - mostOf(samples.slice(2 * quarter, 3 * quarter)),
  };
}
