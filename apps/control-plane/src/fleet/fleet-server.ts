import {
  Server,
  ServerCredentials,
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { FleetServiceService, type FleetServiceServer } from '@meridian/protocol/worker';
import type { Logger } from '@meridian/telemetry';
import type { ControlPlaneMetrics } from '../metrics.ts';
import { FleetError } from './fleet-error.ts';
import type { FleetService } from './fleet-service.ts';

/** A heartbeat of 4,096 sessions is about 400 kB. */
const MESSAGE_BYTES_MAX = 1_048_576;
const SHUTDOWN_MS = 1_000;

/** Serves FleetService over gRPC: errors become a status with `meridian-code`, calls are counted. */
export class FleetServer {
  readonly #server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.keepalive_time_ms': 30_000,
    // Nobody reads its statistics, and every heartbeat would pay for them.
    'grpc.enable_channelz': 0,
  });
  readonly #metrics: ControlPlaneMetrics;
  readonly #logger: Logger;

  constructor(service: FleetService, metrics: ControlPlaneMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
    const handlers: FleetServiceServer = {
      register: this.#unary('register', (metadata, request) => service.register(metadata, request)),
      heartbeat: this.#unary('heartbeat', (metadata, request) => service.heartbeat(metadata, request)),
      replace: this.#unary('replace', (metadata, request) => service.replace(metadata, request)),
    };
    this.#server.addService(FleetServiceService, handlers);
  }

  /** Answers with the port, which matters when `port` is 0. Rejects when the port is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const name = host.includes(':') ? `[${host}]` : host;
      this.#server.bindAsync(`${name}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  /** Lets calls in progress end, for a second at most. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const force = setTimeout(() => this.#server.forceShutdown(), SHUTDOWN_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  #unary<Request, Response>(
    method: string,
    handle: (metadata: Metadata, request: Request) => Promise<Response>,
  ) {
    return (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
      handle(call.metadata, call.request).then(
        (response) => {
          this.#metrics.fleetCalls.inc({ method, code: 'ok' });
          done(null, response);
        },
        (error: unknown) => {
          const refusal = FleetError.from(error);
          this.#metrics.fleetCalls.inc({ method, code: refusal.code });
          this.#note(method, refusal, error, call.getPeer());
          done(refusal.toServiceError());
        },
      );
    };
  }

  #note(method: string, refusal: FleetError, error: unknown, peer: string): void {
    if (refusal.code === 'internal_error')
      this.#logger.error({ err: error, method, peer }, 'fleet call failed');
    else
      this.#logger.warn({ method, peer, code: refusal.code, reason: refusal.message }, 'fleet call refused');
  }
}
