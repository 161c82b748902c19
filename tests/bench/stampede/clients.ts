// Many clients in one process: each keeps its stream as the SDK does, by the SDK's own code, and looks at nothing but when
// it is back. No control plane answers them, so that a token is all they have.
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../libs/sdk/src/clock.ts';
import { PlayStream } from '../../../libs/sdk/src/play-stream.ts';
import { isFinal } from '../../../libs/sdk/src/refusals.ts';
import type { Connection } from '../../../libs/sdk/src/types.ts';

/** From the parent. */
export type Order =
  | { readonly kind: 'join'; readonly connections: readonly Connection[] }
  /** The gateway at this port dies now: who was there, and gets a frame over another socket, is back. */
  | { readonly kind: 'watch'; readonly port: number }
  | { readonly kind: 'report' };

/** To the parent, when it asks. */
export interface Report {
  readonly joined: number;
  /** Clients that were at the gateway that died. */
  readonly hit: number;
  /** When each client that came back had its first frame again, Unix ms. */
  readonly backAtMs: readonly number[];
  /** Sockets that these opened for it. */
  readonly dials: number;
  /** Why clients gave up. */
  readonly gaveUp: readonly string[];
}

interface Client {
  readonly stream: PlayStream;
  /** The gateway that it dialed last. */
  streamUrl: string;
  isHit: boolean;
  hasPlayed: boolean;
  nextFrame: number | undefined;
  /** Sockets that it had opened when it was told to watch. */
  openedBefore: number;
  backAtMs: number | undefined;
}

/** Clients have machines of their own: here they do not take from the gateway what it would have without them. */
const NICENESS = 10;
const JOIN_AT_ONCE = 50;
const POLL_MS = 20;
const clients: Client[] = [];
const gaveUp: string[] = [];

function join(connection: Connection, index: number): Client {
  class Noted extends WebSocket {
    constructor(url: string, offered: string[]) {
      super(url, offered);
      client.streamUrl = url;
    }
  }
  const client: Client = {
    ...{ streamUrl: connection.streamUrl, isHit: false, hasPlayed: false, nextFrame: undefined },
    ...{ openedBefore: Number.POSITIVE_INFINITY, backAtMs: undefined },
    stream: new PlayStream({
      ...{ WebSocket: Noted, clock: systemClock, random: Math.random, isFinal },
      clientKey: `stampede-${process.pid}-${String(index).padStart(8, '0')}`,
      nextFrame: () => client.nextFrame,
      isMigrating: () => false,
      onOpen: () => undefined,
      onMessage: ({ message }) => {
        if (message?.$case !== 'frame') return;
        client.hasPlayed = true;
        client.nextFrame = message.value.number + 1;
        if (client.isHit && client.stream.opened > client.openedBefore)
          client.backAtMs ??= systemClock.nowMs();
      },
      refresh: () => Promise.resolve(undefined),
      onLost: () => undefined,
      onFailed: ({ code }) => void gaveUp.push(code),
    }),
  };
  void client.stream.run(connection);
  return client;
}

async function joinAll(connections: readonly Connection[]): Promise<void> {
  for (const [index, connection] of connections.entries()) {
    clients.push(join(connection, index));
    while (clients.filter(({ hasPlayed }) => !hasPlayed).length >= JOIN_AT_ONCE) await delay(POLL_MS);
  }
}

function watch(port: number): void {
  for (const client of clients) {
    client.isHit = new URL(client.streamUrl).port === String(port);
    client.openedBefore = client.stream.opened;
    client.backAtMs = undefined;
  }
}

const report = (): Report => ({
  joined: clients.filter(({ hasPlayed }) => hasPlayed).length,
  hit: clients.filter(({ isHit }) => isHit).length,
  backAtMs: clients.flatMap(({ backAtMs }) => backAtMs ?? []),
  dials: clients.reduce(
    (all, { isHit, stream, openedBefore }) => all + (isHit ? stream.opened - openedBefore : 0),
    0,
  ),
  gaveUp,
});

setPriority(NICENESS);
process.on('message', (order: Order) => {
  if (order.kind === 'join') void joinAll(order.connections);
  else if (order.kind === 'watch') watch(order.port);
  process.send?.(report());
});
process.once('disconnect', () => process.exit());
