// The side that takes connections: h2c by prior knowledge, or TLS with ALPN `h2`.
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { Http2Connection } from './connection.ts';
import { PREFACE } from './frames.ts';
import type { Headers } from './header-rules.ts';
import { keepAlive } from './keep-alive.ts';
import { readAccepted, readSecure } from './read-memory.ts';
import type { Http2Stream } from './stream.ts';

export interface Http2ServerOptions {
  /** `peer` is who asks, address:port. */
  readonly onStream: (stream: Http2Stream, headers: Headers, peer: string) => void;
  /** Why a connection broke, for the log. */
  readonly onBroken?: (error: Error) => void;
  readonly concurrentStreamsMax: number;
  readonly headerListBytesMax: number;
  readonly keepAliveMs: number;
  /** Key and certificate; without them there is no TLS. */
  readonly tls?: Pick<TlsOptions, 'key' | 'cert'>;
}

/** What a client may send ahead: requests are small. */
const STREAM_WINDOW_BYTES = 64 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
/** From the connection to the peer's SETTINGS, TLS included. */
const HANDSHAKE_MS = 10_000;

export class Http2Server {
  readonly server: Server;
  readonly #options: Http2ServerOptions;
  readonly #connections = new Set<Http2Connection>();

  constructor(options: Http2ServerOptions) {
    this.#options = options;
    const { tls } = options;
    this.server = tls
      ? createTlsServer(
          { ...tls, ALPNProtocols: ['h2'], handshakeTimeout: HANDSHAKE_MS, noDelay: true },
          (socket) => this.#takeTls(socket),
        )
      : createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#takePlain(socket));
    // A handshake that fails is a client's own affair.
    this.server.on('tlsClientError', (error: Error) => options.onBroken?.(error));
  }

  get connectionsOpen(): number {
    return this.#connections.size;
  }

  /** Takes no new connections and streams. */
  stopAccepting(): void {
    this.server.close();
    for (const connection of this.#connections) connection.goAway();
  }

  /** Ends what is left. */
  close(): void {
    for (const connection of this.#connections) connection.end();
  }

  #takePlain(accepted: Socket): void {
    const socket: Socket = readAccepted(accepted, (chunk) => read(chunk));
    const read = this.#take(socket);
    // Where Node does not let us, as before.
    if (socket === accepted) socket.on('data', read).resume();
  }

  #takeTls(socket: TLSSocket): void {
    if (socket.alpnProtocol !== 'h2') {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const read = this.#take(socket);
    if (!readSecure(socket, read)) socket.on('data', read);
  }

  /** Answers with what is to be done with the socket's bytes. */
  #take(socket: Socket | TLSSocket): (chunk: Buffer) => void {
    const { onStream, onBroken, concurrentStreamsMax, headerListBytesMax, keepAliveMs } = this.#options;
    const peer = `${socket.remoteAddress ?? ''}:${String(socket.remotePort ?? '')}`;
    const connection: Http2Connection = new Http2Connection(socket, 'server', {
      settings: { concurrentStreamsMax, headerListBytesMax, initialWindowBytes: STREAM_WINDOW_BYTES },
      connectionWindowBytes: CONNECTION_WINDOW_BYTES,
      onStream: (stream, headers) => onStream(stream, headers, peer),
      onClose: (error) => {
        stop();
        clearTimeout(tooLate);
        this.#connections.delete(connection);
        if (error) onBroken?.(error);
      },
    });
    const stop = keepAlive(connection, keepAliveMs);
    const tooLate = setTimeout(() => {
      if (!connection.hasSettings) connection.destroy(new Error('no SETTINGS in time'));
    }, HANDSHAKE_MS);
    tooLate.unref();
    this.#connections.add(connection);
    connection.begin();
    return behindPreface(connection);
  }
}

/** A client's first bytes are always the same ones. */
function behindPreface(connection: Http2Connection): (chunk: Buffer) => void {
  let seen = 0;
  return (chunk) => {
    if (seen === PREFACE.length) return connection.receive(chunk);
    const part = chunk.subarray(0, PREFACE.length - seen);
    if (!part.equals(PREFACE.subarray(seen, seen + part.length))) {
      return connection.destroy(new Error('the peer speaks no HTTP/2'));
    }
    seen += part.length;
    if (part.length < chunk.length) connection.receive(chunk.subarray(part.length));
  };
}
