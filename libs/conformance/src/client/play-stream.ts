import { credentials, Metadata, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import {
  PlayRequest,
  PlayResponse,
  type Action,
  type Checkpoint,
  type Draining,
  type Frame,
  type FrameFormat,
  type Notice,
} from '@meridian/protocol';
import { WorkerServiceClient } from '@meridian/protocol/worker';
import { createHash } from 'node:crypto';
import { Changes } from './changes.ts';

export interface PlayOptions {
  readonly token?: string;
  readonly clientKey?: string;
  /** Sent as the first message, with the metadata that announces it. */
  readonly checkpoint?: Checkpoint;
  readonly nextFrame?: number;
  /** Images of older frames are let go of; their digests stay. */
  readonly imagesKept?: number;
  /** Further metadata, which wins. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a gateway adds to a message of a client's. */
export type Stamp = Partial<Pick<PlayRequest, 'device' | 'gatewayReceivedUs'>>;

export interface PlayEnd {
  readonly code: number;
  readonly details: string;
  readonly meridianCode: string;
}

export interface SeenFrame extends Frame {
  /** When it arrived, by `performance.now()`. */
  readonly atMs: number;
  /** SHA-1 of the image. */
  readonly digest: string;
}

export type MessageKind = 'frame' | 'notice' | 'checkpoint' | 'draining';

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const CLIENT_KEY = 'client-key-0123456789';

const WAIT_MS_MAX = 20_000;

/** A gateway's end of one Serve stream. */
export class PlayStream {
  readonly frames: SeenFrame[] = [];
  readonly notices: Notice[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly drainings: Draining[] = [];
  /** What came, in order. */
  readonly kinds: MessageKind[] = [];
  readonly ended: Promise<PlayEnd>;
  readonly call: ClientDuplexStream<Uint8Array, PlayResponse>;
  readonly #imagesKept: number;
  readonly #changes = new Changes();
  #end: PlayEnd | undefined;

  constructor(client: WorkerServiceClient, options: PlayOptions) {
    this.#imagesKept = options.imagesKept ?? Infinity;
    this.call = client.makeBidiStreamRequest(
      '/meridian.worker.v1.WorkerService/Serve',
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => PlayResponse.decode(bytes),
      metadataOf(options),
    );
    this.call.on('data', (response: PlayResponse) => this.#take(response));
    this.call.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.call.on('status', ({ code, details, metadata }: StatusObject) => {
        this.#end = { code, details, meridianCode: String(metadata.get('meridian-code')[0] ?? '') };
        this.#changes.changed();
        resolve(this.#end);
      });
    });
    if (options.checkpoint) this.send({ $case: 'restore', value: options.checkpoint });
  }

  send(message: NonNullable<PlayRequest['message']>, stamp: Stamp = {}): void {
    this.sendBytes(PlayRequest.encode({ message, device: 0, gatewayReceivedUs: 0, ...stamp }).finish());
  }

  sendBytes(bytes: Uint8Array): void {
    this.call.write(bytes);
  }

  act(
    seq: number,
    axes: Readonly<Record<string, number>> = {},
    rest: Partial<Action> = {},
    stamp: Stamp = {},
  ): void {
    const value = { seq, clientTimeUs: 0, buttons: [], axes: { ...axes }, text: '', ...rest };
    this.send({ $case: 'action', value }, stamp);
  }

  /** Frames that the client has not taken since the stream was opened. */
  feedback(framesDropped: number): void {
    this.send({ $case: 'feedback', value: { framesSent: this.frames.length, framesDropped, waitMs: 0 } });
  }

  handOver(): void {
    this.send({ $case: 'handOver', value: {} });
  }

  format(format: Partial<FrameFormat>): void {
    this.send({ $case: 'format', value: { codec: 0, width: 0, height: 0, quality: 0, ...format } });
  }

  /** Resolves when the condition holds; rejects when the stream ends before it does, and when it takes too long. */
  async until(
    holds: (stream: this) => boolean,
    withinMs = WAIT_MS_MAX,
    what = 'what the stream was watched for',
  ): Promise<void> {
    const seen = await this.#changes.first(
      () => (holds(this) ? 'holds' : this.#end && 'ended'),
      withinMs,
      what,
    );
    if (seen === 'ended') throw new Error(`the stream ended first: ${JSON.stringify(this.#end)}`);
  }

  /** @throws TooLate */
  async endedWithin(withinMs: number): Promise<PlayEnd> {
    return this.#changes.first(() => this.#end, withinMs, 'the end of the stream');
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  get numbers(): number[] {
    return this.frames.map((frame) => frame.number);
  }

  #take({ message }: PlayResponse): void {
    if (message === undefined) return;
    if (message.$case === 'frame') this.#takeFrame(message.value);
    if (message.$case === 'notice') this.notices.push(message.value);
    if (message.$case === 'checkpoint') this.checkpoints.push(message.value);
    if (message.$case === 'draining') this.drainings.push(message.value);
    this.kinds.push(message.$case);
    this.#changes.changed();
  }

  #takeFrame(frame: Frame): void {
    const digest = createHash('sha1').update(frame.image).digest('base64');
    this.frames.push({ ...frame, atMs: performance.now(), digest });
    const oldest = this.frames.length - 1 - this.#imagesKept;
    const old = this.frames[oldest];
    if (old) this.frames[oldest] = { ...old, image: new Uint8Array(0) };
  }
}

/** With a connection of its own. */
export function workerClient(address: string | number): WorkerServiceClient {
  const target = typeof address === 'number' ? `127.0.0.1:${address}` : address;
  return new WorkerServiceClient(target, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
}

export function bearer(secret: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  return metadata;
}

function metadataOf({
  token,
  clientKey = CLIENT_KEY,
  checkpoint,
  nextFrame,
  ...rest
}: PlayOptions): Metadata {
  const metadata = token === undefined ? new Metadata() : bearer(token);
  metadata.set('meridian-client-key', clientKey);
  metadata.set('traceparent', `00-${TRACE_ID}-b7ad6b7169203331-01`);
  if (checkpoint !== undefined) metadata.set('meridian-restore', '1');
  if (nextFrame !== undefined) metadata.set('meridian-next-frame', String(nextFrame));
  for (const [name, value] of Object.entries(rest.metadata ?? {})) metadata.set(name, value);
  return metadata;
}
