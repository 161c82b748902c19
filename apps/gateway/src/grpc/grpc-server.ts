// SessionStreamService on node:http2, without TLS (which ends in front of us). No gRPC library is in the way of a frame.
import { status } from '@grpc/grpc-js';
import { SessionStreamServiceDefinition } from '@meridian/protocol';
import type { Logger } from '@meridian/telemetry';
import {
  StatusError,
  keepAlive,
  statusOf,
  toTrailers,
  type KeepAlive,
  type Status,
} from '@meridian/worker-client';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Streams } from '../streams.ts';
import type { Credentials } from '../token/admit.ts';
import { GrpcClientStream, stopReading } from './grpc-client-stream.ts';

const { fullName, methods } = SessionStreamServiceDefinition;
const PLAY_PATH = `/${fullName}/${methods.play.name}`;
const STREAMS_PER_CONNECTION_MAX = 100;
const HEADER_BYTES_MAX = 16 * 1024;
const GRPC_CONTENT = /^application\/grpc(\+proto)?(;|$)/;

export interface GrpcServerOptions {
  readonly streams: Streams;
  readonly logger: Logger;
  /** A client that leaves a ping unanswered is gone; a slow one may take its time behind what was sent to it. */
  readonly keepAlive?: KeepAlive;
}

export class GrpcServer {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor({
    streams,
    logger,
    keepAlive: every = { intervalMs: 10_000, timeoutMs: 20_000 },
  }: GrpcServerOptions) {
    this.#server = createServer({
      settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX, maxHeaderListSize: HEADER_BYTES_MAX },
    });
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', (error) => logger.debug({ err: error }, 'client connection broke'));
      keepAlive(session, every);
    });
    this.#server.on('stream', (stream, headers) => {
      answer(stream, headers, streams).catch((error: unknown) => {
        logger.error({ err: error }, 'stream failed');
        stream.destroy();
      });
    });
  }

  get server(): Http2Server {
    return this.#server;
  }

  /** Takes no new connections and streams. */
  stopAccepting(): void {
    this.#server.close();
    for (const session of this.#sessions) if (!session.destroyed) session.goaway();
  }

  /** Ends what is left. */
  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  streams: Streams,
): Promise<void> {
  // A client may be gone before its token is checked.
  stream.on('error', () => undefined);
  if (headers[':method'] !== 'POST' || !GRPC_CONTENT.test(headers['content-type'] ?? '')) {
    stream.respond({ ':status': 415 }, { endStream: true });
    return;
  }
  try {
    if (headers[':path'] !== PLAY_PATH) throw unknownMethod(headers[':path']);
    const ticket = await streams.admit(credentialsOf(headers));
    if (stream.destroyed || stream.closed) return;
    await streams.run(new GrpcClientStream(stream), ticket, 'grpc');
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    refuse(stream, statusOf(error));
  }
}

const unknownMethod = (path: string | undefined) =>
  new StatusError(status.UNIMPLEMENTED, `There is no method ${path ?? ''} here; there is ${PLAY_PATH}.`);

function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  const one = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  return {
    sessionToken: /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1],
    clientKey: one('meridian-client-key'),
    traceparent: one('traceparent'),
  };
}

/** A trailers-only answer (gRPC over HTTP/2, "Responses"). */
function refuse(stream: ServerHttp2Stream, why: Status): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const head = { ':status': 200, 'content-type': 'application/grpc+proto' };
  stream.respond({ ...head, ...toTrailers(why) }, { endStream: true });
  stopReading(stream);
}
