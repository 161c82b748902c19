// The players of the bench: a process by itself, so that its CPU is not the worker's. It is told what to do by IPC.
// All streams share one connection, as those of a gateway do.
import { PlayStream, workerClient } from '@meridian/conformance';
import { percentile } from '@meridian/embedded';
import type { PlayResponse } from '@meridian/protocol';
import { status } from '@grpc/grpc-js';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerServiceClient } from '@meridian/protocol/worker';

export type PlayersOrder =
  | { readonly kind: 'open'; readonly port: number; readonly tokens: readonly string[] }
  | { readonly kind: 'watch'; readonly ms: number }
  | { readonly kind: 'close' };

/** What players have seen. Milliseconds between the arrivals of two frames of a session. */
export interface Seen {
  /** Frames that each session received. */
  readonly frames: readonly number[];
  readonly gapMsP50: number;
  readonly gapMsP99: number;
  readonly bytesPerFrame: number;
}

export type PlayersAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'failed'; readonly message: string };

const ACTION_MS = 40;
const BEGIN_MS_MAX = 60_000;
/** Sessions begin anywhere within this time, so that they are not all due at one moment. */
const SPREAD_MS = 1_000;

/** One user: an action every 40 ms, and a note of when each frame arrived. */
class Player {
  readonly #stream: PlayStream;
  readonly #timer: NodeJS.Timeout;
  #arrivedMs = 0;
  gapsMs: number[] = [];
  frames = 0;
  bytes = 0;

  constructor(client: WorkerServiceClient, token: string, user: number) {
    this.#stream = new PlayStream(client, {
      token,
      imagesKept: 0,
      clientKey: `bench-${String(user).padStart(16, '0')}`,
    });
    this.#stream.call.on('data', (response: PlayResponse) => this.#take(response));
    let seq = 0;
    this.#timer = setInterval(() => {
      seq += 1;
      this.#stream.act(seq, { forward: 0.7, yaw: Math.sin(seq / 25 + user) });
    }, ACTION_MS);
  }

  async begun(): Promise<void> {
    await this.#stream.until(({ frames }) => frames.length > 0, BEGIN_MS_MAX);
  }

  watch(): void {
    [this.gapsMs, this.frames, this.bytes] = [[], 0, 0];
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stream.call.cancel();
    const { code, details } = await this.#stream.ended;
    if (code !== status.CANCELLED) throw new Error(`a stream had ended: ${details}`);
  }

  #take({ message }: PlayResponse): void {
    // Kept by the stream for tests that look at each; here they would only pile up.
    const { frames, kinds } = this.#stream;
    if (frames.length > 1) frames.length = kinds.length = 1;
    if (message?.$case !== 'frame') return;
    const nowMs = performance.now();
    if (this.frames > 0) this.gapsMs.push(nowMs - this.#arrivedMs);
    this.#arrivedMs = nowMs;
    this.frames += 1;
    this.bytes += message.value.image.length;
  }
}

let client: WorkerServiceClient | undefined;
let players: Player[] = [];

async function open(port: number, tokens: readonly string[]): Promise<void> {
  const connected = workerClient(port);
  client = connected;
  players = await Promise.all(
    tokens.map(async (token, user) => {
      // The golden ratio spreads any number of users evenly.
      await delay((user * SPREAD_MS * 0.618_034) % SPREAD_MS);
      const player = new Player(connected, token, user);
      await player.begun();
      return player;
    }),
  );
}

async function watch(ms: number): Promise<Seen> {
  for (const player of players) player.watch();
  await delay(ms);
  const gapsMs = players.flatMap((player) => player.gapsMs);
  const frames = players.map((player) => player.frames);
  const bytes = players.reduce((sum, player) => sum + player.bytes, 0);
  return {
    frames,
    gapMsP50: percentile(gapsMs, 0.5),
    gapMsP99: percentile(gapsMs, 0.99),
    bytesPerFrame: bytes / frames.reduce((sum, each) => sum + each, 0),
  };
}

async function close(): Promise<void> {
  const leaving = players;
  players = [];
  await Promise.all(leaving.map((player) => player.close()));
  client?.close();
}

async function carryOut(order: PlayersOrder): Promise<PlayersAnswer> {
  switch (order.kind) {
    case 'open':
      await open(order.port, order.tokens);
      return { kind: 'done' };
    case 'watch':
      return { kind: 'seen', seen: await watch(order.ms) };
    case 'close':
      await close();
      return { kind: 'done' };
  }
}

process.on('message', (order: PlayersOrder) => {
  carryOut(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ kind: 'failed', message: String(error) }),
  );
});
process.once('disconnect', () => process.exit());
