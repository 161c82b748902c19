import { credentials, Metadata, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import {
  Checkpoint,
  PlayResponse,
  type Action,
  type Frame,
  type Notice,
  type PlayRequest,
} from '@meridian/protocol';
import { WorkerServiceClient } from '@meridian/protocol/worker';

export interface PlayOptions {
  readonly token?: string;
  readonly clientKey?: string;
  readonly checkpoint?: Checkpoint;
  readonly nextFrame?: number;
}

export interface PlayEnd {
  readonly code: number;
  readonly details: string;
  readonly meridianCode: string;
}

/** A gateway's end of one Serve stream. */
export class PlayStream {
  readonly frames: Frame[] = [];
  readonly notices: Notice[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly ended: Promise<PlayEnd>;
  readonly call: ClientDuplexStream<PlayRequest, PlayResponse>;
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(client: WorkerServiceClient, options: PlayOptions) {
    this.call = client.serve(metadataOf(options));
    this.call.on('data', (response: PlayResponse) => this.#take(response));
    this.call.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.call.on('status', (status: StatusObject) => {
        this.#over = true;
        this.#wake();
        const { code, details, metadata } = status;
        resolve({ code, details, meridianCode: String(metadata.get('meridian-code')[0] ?? '') });
      });
    });
  }

  act(seq: number, axes: Readonly<Record<string, number>> = {}, rest: Partial<Action> = {}): void {
    const value = { seq, clientTimeUs: 0, buttons: [], axes: { ...axes }, text: '', ...rest };
    this.call.write({ message: { $case: 'action', value } });
  }

  /** Resolves when the condition holds; rejects when the stream ends before it does. */
  async until(holds: (stream: PlayStream) => boolean): Promise<void> {
    while (!holds(this)) {
      if (this.#over) throw new Error(`the stream ended first: ${JSON.stringify(await this.ended)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  get numbers(): number[] {
    return this.frames.map((frame) => frame.number);
  }

  #take({ message }: PlayResponse): void {
    if (message?.$case === 'frame') this.frames.push(message.value);
    if (message?.$case === 'notice') this.notices.push(message.value);
    if (message?.$case === 'checkpoint') this.checkpoints.push(message.value);
    this.#wake();
  }

  #wake(): void {
    this.#waiting.splice(0).forEach((resolve) => resolve());
  }
}

export function workerClient(port: number): WorkerServiceClient {
  return new WorkerServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

export function bearer(secret: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  return metadata;
}

function metadataOf({
  token,
  clientKey = 'client-key-0123456789',
  checkpoint,
  nextFrame,
}: PlayOptions): Metadata {
  const metadata = token === undefined ? new Metadata() : bearer(token);
  metadata.set('meridian-client-key', clientKey);
  metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  if (checkpoint !== undefined)
    metadata.set('meridian-checkpoint-bin', Buffer.from(Checkpoint.encode(checkpoint).finish()));
  if (nextFrame !== undefined) metadata.set('meridian-next-frame', String(nextFrame));
  return metadata;
}
