// One HTTP/2 connection per worker, shared by the streams of all its sessions. A connection that errs, closes, has no room
// or is told to go away is forgotten at once, so that the next stream dials anew.
import { checkAlive, connectHttp2, type Http2Connection } from '@meridian/http2';
import type { Envelope } from './wire/envelope.ts';
import { MessageMemory } from './wire/message-memory.ts';
import { WorkerStream, type ServeCall } from './worker-stream.ts';

export interface WorkerConnectionOptions {
  readonly dialTimeoutMs: number;
  readonly keepAliveMs: number;
  /**
   * Largest PlayResponse taken from a worker, and so, but for a few bytes, the largest checkpoint and picture. A raw
   * frame of the largest size that may be asked for (1024 x 1024) has 3 MiB.
   */
  readonly maxMessageBytes: number;
}

export const WORKER_CONNECTION_DEFAULTS: WorkerConnectionOptions = {
  dialTimeoutMs: 1_000,
  keepAliveMs: 10_000,
  maxMessageBytes: 4 * 1024 * 1024,
};

/** A slow stream must not use up the connection's window for the others; streams are always read, so this is room, not a queue. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

export class WorkerConnections {
  readonly #options: WorkerConnectionOptions;
  readonly #byAddress = new Map<string, Http2Connection>();
  /** Those that are forgotten and have streams still, too. */
  readonly #open = new Set<Http2Connection>();
  readonly #memory = new MessageMemory();

  constructor(options: Partial<WorkerConnectionOptions> = {}) {
    this.#options = { ...WORKER_CONNECTION_DEFAULTS, ...options };
  }

  /** Opens `WorkerService.Serve`. Never throws: a refused dial is a status of the stream. */
  serve(call: ServeCall, onMessage: (message: Envelope) => void, signal: AbortSignal): WorkerStream {
    const room = { maxMessageBytes: this.#options.maxMessageBytes, memory: this.#memory };
    return new WorkerStream(this.#connection(call.address), call, room, onMessage, signal);
  }

  /** A stream to this worker went quiet: find out at once whether its connection is dead too. */
  suspect(address: string): void {
    const connection = this.#byAddress.get(address);
    if (connection) checkAlive(connection, this.#options.dialTimeoutMs);
  }

  close(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }

  #connection(address: string): Http2Connection {
    const known = this.#byAddress.get(address);
    if (known && !known.isFull) return known;
    const forget = () => {
      if (this.#byAddress.get(address) === connection) this.#byAddress.delete(address);
    };
    const connection: Http2Connection = connectHttp2(address, {
      dialTimeoutMs: this.#options.dialTimeoutMs,
      keepAliveMs: this.#options.keepAliveMs,
      streamWindowBytes: STREAM_WINDOW_BYTES,
      connectionWindowBytes: CONNECTION_WINDOW_BYTES,
      onGoAway: forget,
      onClose: () => {
        forget();
        this.#open.delete(connection);
      },
    });
    this.#byAddress.set(address, connection);
    this.#open.add(connection);
    return connection;
  }
}
