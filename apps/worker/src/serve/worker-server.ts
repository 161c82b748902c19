import { Server, ServerCredentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  WorkerServiceService,
  type CheckpointRequest,
  type DescribeResponse,
  type EndRequest,
  type EndResponse,
  type ForkRequest,
  type HealthResponse,
  type RestoreRequest,
} from '@meridian/protocol/worker';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Pace } from '../engine/pace.ts';
import { servedAbove } from '../engine/worlds.ts';
import { RefusalError } from '../refusal.ts';
import { bearerOf } from './call-metadata.ts';
import { refusalOfThrown, toServiceError } from './grpc-status.ts';
import { healthOf } from './health.ts';
import { MESSAGE_BYTES_MAX } from './play-messages.ts';
import { serveSession, type ServeCall, type ServePorts } from './serve-session.ts';
import { checkpoint, fork, restore } from './world-calls.ts';

export interface WorkerServerPorts extends ServePorts {
  readonly describe: () => DescribeResponse;
  readonly pace: Pace;
  /** What the region's own processes show. */
  readonly fleetSecret: string;
}

export interface WorkerServer {
  readonly port: number;
  /** Waits for open streams to close, but no longer than `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** gRPC's own default; a checkpoint of a model with a smaller state is refused for what it is, not for its size. */
const RECEIVED_BYTES_MIN = 4 * 1024 * 1024;

/** Of a message with a checkpoint. What else a client sends is held to less as it is read (play-messages.ts). */
const receivedBytesMax = (stateBytes: number): number =>
  Math.max(RECEIVED_BYTES_MIN, stateBytes + MESSAGE_BYTES_MAX);

const KEEPALIVE = {
  // A gateway that vanished without a word must not keep its sessions from being held.
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 3_000,
} as const;

/** Serve with messages as bytes; the rest as generated. */
const SERVICE = {
  ...WorkerServiceService,
  serve: {
    ...WorkerServiceService.serve,
    requestDeserialize: (bytes: Buffer): Uint8Array => bytes,
    responseSerialize: (bytes: Uint8Array): Buffer =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  },
};

interface UnaryCall<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
}
type Answer<Response> = (error: ServiceError | null, response?: Response) => void;

/** Serves WorkerService on `host:port`; port 0 takes any free one. */
export async function serveWorker(
  ports: WorkerServerPorts,
  host: string,
  port: number,
): Promise<WorkerServer> {
  const { engine, pace, clock } = ports;
  const startedUs = clock.nowUs();
  const server = new Server({
    ...KEEPALIVE,
    'grpc.max_receive_message_length': receivedBytesMax(ports.describe().stateBytes),
  });
  server.addService(SERVICE, {
    describe: (_call: UnaryCall<unknown>, answer: Answer<DescribeResponse>) => answer(null, ports.describe()),
    serve: (call: ServeCall) => void serveSession(ports, call),
    end: guarded(ports, ({ sessionId, epoch, endReason }: EndRequest) =>
      endSession(ports, sessionId, epoch, endReason),
    ),
    drain: guarded(ports, () => {
      engine.drain(true);
      return { sessions: engine.sessions.length };
    }),
    checkpoint: guarded(ports, (request: CheckpointRequest) => checkpoint(engine.worlds, request)),
    restore: guarded(ports, (request: RestoreRequest) => restore(engine.worlds, request)),
    fork: guarded(ports, (request: ForkRequest) => fork(engine.worlds, request)),
    health: (_call: UnaryCall<unknown>, answer: Answer<HealthResponse>) =>
      answer(null, healthOf(engine, pace, (clock.nowUs() - startedUs) / 1_000_000)),
  });
  const bound = await bind(server, `${host}:${port}`);
  return { port: bound, close: (graceMs) => close(server, graceMs) };
}

function endSession(
  { engine, logger }: ServePorts,
  sessionId: string,
  epoch: number,
  reason: string,
): EndResponse {
  const ended = engine.end(sessionId, epoch, reason);
  if (ended.kind === 'fenced') throw RefusalError.of(servedAbove(ended.epoch));
  logger.info(
    { sessionId, epoch, reason, known: ended.kind === 'ended' },
    'session ended by the control plane',
  );
  return { report: ended.kind === 'ended' ? ended.report : undefined };
}

/** For the region's own processes: they show its secret. */
function guarded<Request, Response>(ports: WorkerServerPorts, handle: (request: Request) => Response) {
  return ({ request, metadata }: UnaryCall<Request>, answer: Answer<Response>): void => {
    try {
      if (!isSame(bearerOf(metadata) ?? '', ports.fleetSecret)) {
        throw new RefusalError(
          'UNAUTHENTICATED',
          'wrong_secret',
          'authorization: Only the processes of the region may call this, with its secret.',
        );
      }
      answer(null, handle(request));
    } catch (error) {
      answer(toServiceError(refusalOfThrown(error)));
    }
  };
}

/** In a time that tells nothing about where two texts differ. */
function isSame(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(x, y);
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
