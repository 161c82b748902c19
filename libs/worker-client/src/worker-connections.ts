// One HTTP/2 connection per worker, shared by the streams of all its sessions. A connection that errs, closes or is
// told to go away is forgotten at once, so that the next stream dials anew.
import { connect, type ClientHttp2Session } from 'node:http2';
import { checkAlive, keepAlive, type KeepAlive } from './keep-alive.ts';
import { WorkerStream, type ServeCall } from './worker-stream.ts';

export interface WorkerConnectionOptions {
  readonly dialTimeoutMs: number;
  readonly keepAlive: KeepAlive;
  /**
   * Largest PlayResponse taken from a worker, and so, but for a few bytes, the largest checkpoint and picture. A raw
   * frame of the largest size that may be asked for (1024 x 1024) has 3 MiB.
   */
  readonly maxMessageBytes: number;
}

export const WORKER_CONNECTION_DEFAULTS: WorkerConnectionOptions = {
  dialTimeoutMs: 1_000,
  keepAlive: { intervalMs: 10_000, timeoutMs: 2_000 },
  maxMessageBytes: 4 * 1024 * 1024,
};

/** A slow stream must not use up the connection's window for the others; streams are always read, so this is room, not a queue. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

export class WorkerConnections {
  readonly #options: WorkerConnectionOptions;
  readonly #byAddress = new Map<string, ClientHttp2Session>();

  constructor(options: Partial<WorkerConnectionOptions> = {}) {
    this.#options = { ...WORKER_CONNECTION_DEFAULTS, ...options };
  }

  /** Opens `WorkerService.Serve`. Never throws: a refused dial is a status of the stream. */
  serve(call: ServeCall, signal: AbortSignal): WorkerStream {
    return new WorkerStream(this.#connection(call.address), call, this.#options.maxMessageBytes, signal);
  }

  /** A stream to this worker went quiet: find out at once whether its connection is dead too. */
  suspect(address: string): void {
    const session = this.#byAddress.get(address);
    if (session) checkAlive(session, this.#options.dialTimeoutMs);
  }

  close(): void {
    for (const session of this.#byAddress.values()) session.destroy();
    this.#byAddress.clear();
  }

  #connection(address: string): ClientHttp2Session {
    const known = this.#byAddress.get(address);
    if (known && !known.closed && !known.destroyed) return known;
    const session = dial(address, this.#options);
    this.#byAddress.set(address, session);
    const forget = () => {
      if (this.#byAddress.get(address) === session) this.#byAddress.delete(address);
    };
    session.once('goaway', forget);
    session.once('close', forget);
    return session;
  }
}

function dial(address: string, { dialTimeoutMs, keepAlive: every }: WorkerConnectionOptions) {
  const session = connect(`http://${address}`, {
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
  });
  const tooLate = setTimeout(() => session.destroy(new Error('dial timed out')), dialTimeoutMs);
  session.once('connect', () => {
    clearTimeout(tooLate);
    if (session.destroyed) return;
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    keepAlive(session, every);
  });
  session.once('close', () => clearTimeout(tooLate));
  // Each stream of the connection hears of its error by itself.
  session.on('error', () => undefined);
  return session;
}
