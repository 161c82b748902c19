import type { WorkerServiceClient } from '@meridian/protocol/worker';
import { PlayStream, type PlayOptions } from '../client/play-stream.ts';

/** A stream, and what its token says. */
export class SessionStream extends PlayStream {
  readonly sessionId: string;
  readonly epoch: number;

  constructor(client: WorkerServiceClient, options: PlayOptions, sessionId: string, epoch: number) {
    super(client, options);
    this.sessionId = sessionId;
    this.epoch = epoch;
  }

  get lastNumber(): number {
    return this.frames.at(-1)?.number ?? 0;
  }

  /** Digests of the images by frame number. */
  get pictures(): ReadonlyMap<number, string> {
    return new Map(this.frames.map(({ number, digest }) => [number, digest]));
  }
}
