// SessionStreamService on our own HTTP/2 (libs/http2), with TLS or without. No gRPC library is in the way of a frame.
import { status } from '@grpc/grpc-js';
import { Http2Server, type HeaderField, type Headers, type Http2Stream } from '@meridian/http2';
import { SessionStreamServiceDefinition } from '@meridian/protocol';
import type { Logger } from '@meridian/telemetry';
import { StatusError, statusOf, toTrailers, type Status } from '@meridian/worker-client';
import type { Server } from 'node:net';
import type { KeyPair } from '../http/key-pair.ts';
import type { Streams } from '../streams.ts';
import type { Credentials } from '../token/admit.ts';
import { GrpcClientStream } from './grpc-client-stream.ts';

const { fullName, methods } = SessionStreamServiceDefinition;
const PLAY_PATH = `/${fullName}/${methods.play.name}`;
const STREAMS_PER_CONNECTION_MAX = 100;
const HEADER_BYTES_MAX = 16 * 1024;
const GRPC_CONTENT = /^application\/grpc(\+proto)?(;|$)/;
const GRPC_HEAD: readonly HeaderField[] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
];

export interface GrpcServerOptions {
  readonly streams: Streams;
  readonly logger: Logger;
  /** Without one there is no TLS: it ends in front of us. */
  readonly tls?: KeyPair | undefined;
  /** A client that gives no sign of life for two of these is gone. */
  readonly keepAliveMs?: number;
}

export class GrpcServer {
  readonly #http2: Http2Server;

  constructor({ streams, logger, tls, keepAliveMs = 2_000 }: GrpcServerOptions) {
    this.#http2 = new Http2Server({
      concurrentStreamsMax: STREAMS_PER_CONNECTION_MAX,
      headerListBytesMax: HEADER_BYTES_MAX,
      keepAliveMs,
      ...(tls ? { tls } : {}),
      onBroken: (error) => logger.debug({ err: error }, 'client connection broke'),
      onStream: (stream, headers) => {
        answer(stream, headers, streams).catch((error: unknown) => {
          logger.error({ err: error }, 'stream failed');
          refuse(stream, statusOf(error));
        });
      },
    });
  }

  get server(): Server {
    return this.#http2.server;
  }

  /** Takes no new connections and streams. */
  stopAccepting(): void {
    this.#http2.stopAccepting();
  }

  /** Ends what is left. */
  close(): void {
    this.#http2.close();
  }
}

async function answer(stream: Http2Stream, headers: Headers, streams: Streams): Promise<void> {
  if (headers.get(':method') !== 'POST' || !GRPC_CONTENT.test(headers.get('content-type') ?? '')) {
    stream.respond([[':status', '415']], true);
    return;
  }
  try {
    if (headers.get(':path') !== PLAY_PATH) throw unknownMethod(headers.get(':path'));
    const ticket = await streams.admit(credentialsOf(headers));
    if (stream.isClosed) return;
    await streams.run(new GrpcClientStream(stream), ticket, 'grpc');
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    refuse(stream, statusOf(error));
  }
}

const unknownMethod = (path: string | undefined) =>
  new StatusError(status.UNIMPLEMENTED, `There is no method ${path ?? ''} here; there is ${PLAY_PATH}.`);

const credentialsOf = (headers: Headers): Credentials => ({
  sessionToken: /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1],
  clientKey: headers.get('meridian-client-key'),
  nextFrame: headers.get('meridian-next-frame'),
  traceparent: headers.get('traceparent'),
});

/** A trailers-only answer (gRPC over HTTP/2, "Responses"). */
function refuse(stream: Http2Stream, why: Status): void {
  stream.respond([...GRPC_HEAD, ...toTrailers(why)], true);
}
