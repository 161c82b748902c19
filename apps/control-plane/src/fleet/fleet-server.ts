// FleetService on our own HTTP/2 (libs/http2): hundreds of workers beat every second, and of what a beat cost the control
// plane more than half was a general gRPC server's own.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { Http2Server, type Headers, type Http2Stream } from '@meridian/http2';
import { FleetServiceService } from '@meridian/protocol/worker';
import type { Logger } from '@meridian/telemetry';
import { StatusError } from '@meridian/worker-client';
import type { ControlPlaneMetrics } from '../metrics.ts';
import { FleetError } from './fleet-error.ts';
import type { FleetService } from './fleet-service.ts';
import { answer, messageOf, refuse } from './unary-call.ts';

/** A heartbeat of 4,096 sessions is about 400 kB. */
const MESSAGE_BYTES_MAX = 1_048_576;
const HEADER_BYTES_MAX = 16 * 1024;
/** A worker has a call or two under way, a gateway sixteen. */
const CALLS_PER_CONNECTION_MAX = 1_000;
const KEEP_ALIVE_MS = 30_000;
const SHUTDOWN_MS = 1_000;
const GRPC_CONTENT = /^application\/grpc(\+proto)?(;|$)/;

type FleetCalls = Pick<FleetService, 'register' | 'heartbeat' | 'replace'>;

type Handle<Request, Response> = (headers: Headers, request: Request) => Promise<Response>;

/** A method as bytes: throws what its handler throws. */
interface Method {
  readonly name: string;
  readonly call: (headers: Headers, message: Buffer) => Promise<Uint8Array>;
}

interface Codec<Request, Response> {
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (response: Response) => Buffer;
}

const method = <Request, Response>(
  name: string,
  codec: Codec<Request, Response>,
  handle: Handle<Request, Response>,
): Method => ({
  name,
  call: async (headers, message) => codec.responseSerialize(await handle(headers, read(codec, message))),
});

function read<Request>(
  { requestDeserialize }: Pick<Codec<Request, never>, 'requestDeserialize'>,
  bytes: Buffer,
): Request {
  try {
    return requestDeserialize(bytes);
  } catch {
    throw new StatusError(status.INTERNAL, 'The message cannot be read; it is not of this method.');
  }
}

/** Serves FleetService over gRPC: errors become a status with `meridian-code`, calls are counted. */
export class FleetServer {
  readonly #http2: Http2Server;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #metrics: ControlPlaneMetrics;
  readonly #logger: Logger;

  constructor(service: FleetCalls, metrics: ControlPlaneMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
    const { register, heartbeat, replace } = FleetServiceService;
    this.#methods = new Map([
      [register.path, method('register', register, (...call) => service.register(...call))],
      [heartbeat.path, method('heartbeat', heartbeat, (...call) => service.heartbeat(...call))],
      [replace.path, method('replace', replace, (...call) => service.replace(...call))],
    ]);
    this.#http2 = new Http2Server({
      concurrentStreamsMax: CALLS_PER_CONNECTION_MAX,
      headerListBytesMax: HEADER_BYTES_MAX,
      keepAliveMs: KEEP_ALIVE_MS,
      onBroken: (error) => logger.debug({ err: error }, 'fleet connection broke'),
      onStream: (stream, headers, peer) => void this.#serve(stream, headers, peer),
    });
  }

  /** Answers with the port, which matters when `port` is 0. Rejects when the port is taken. */
  async listen(host: string, port: number): Promise<number> {
    const { server } = this.#http2;
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Lets calls in progress end, for a second at most. */
  async close(): Promise<void> {
    const { server } = this.#http2;
    if (!server.listening) return;
    const closed = once(server, 'close');
    const force = setTimeout(() => this.#http2.close(), SHUTDOWN_MS);
    this.#http2.stopAccepting();
    await closed;
    clearTimeout(force);
  }

  /** Never rejects. */
  async #serve(stream: Http2Stream, headers: Headers, peer: string): Promise<void> {
    if (headers.get(':method') !== 'POST' || !GRPC_CONTENT.test(headers.get('content-type') ?? '')) {
      stream.respond([[':status', '415']], true);
      return;
    }
    const path = headers.get(':path') ?? '';
    const method = this.#methods.get(path);
    if (!method)
      return refuse(stream, new StatusError(status.UNIMPLEMENTED, `There is no method ${path} here.`));
    try {
      const message = await messageOf(stream, MESSAGE_BYTES_MAX);
      answer(stream, await method.call(headers, message));
      this.#metrics.fleetCalls.inc({ method: method.name, code: 'ok' });
    } catch (error) {
      refuse(stream, error instanceof StatusError ? error : this.#refusalOf(method.name, error, peer));
    }
  }

  #refusalOf(method: string, error: unknown, peer: string): StatusError {
    const refusal = FleetError.from(error);
    this.#metrics.fleetCalls.inc({ method, code: refusal.code });
    if (refusal.code === 'internal_error')
      this.#logger.error({ err: error, method, peer }, 'fleet call failed');
    else
      this.#logger.warn({ method, peer, code: refusal.code, reason: refusal.message }, 'fleet call refused');
    return refusal.toStatusError();
  }
}
