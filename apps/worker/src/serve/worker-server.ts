import { Server, ServerCredentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  WorkerServiceService,
  type DescribeResponse,
  type EndRequest,
  type EndResponse,
} from '@meridian/protocol/worker';
import { createHash, timingSafeEqual } from 'node:crypto';
import { RefusalError } from '../refusal.ts';
import { bearerOf } from './call-metadata.ts';
import { refusalOfThrown, toServiceError } from './grpc-status.ts';
import { serveSession, type ServeCall, type ServePorts } from './serve-session.ts';

export interface WorkerServerPorts extends ServePorts {
  readonly describe: () => DescribeResponse;
  /** What the control plane shows when it ends sessions or drains. */
  readonly fleetSecret: string;
}

export interface WorkerServer {
  readonly port: number;
  /** Waits for open streams to close, but no longer than `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const OPTIONS = {
  // An action is small; anything larger is an attack or a mistake (session_stream.proto).
  'grpc.max_receive_message_length': 64 * 1024,
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
  const server = new Server(OPTIONS);
  server.addService(SERVICE, {
    describe: (_call: UnaryCall<unknown>, answer: Answer<DescribeResponse>) => answer(null, ports.describe()),
    serve: (call: ServeCall) => void serveSession(ports, call),
    end: guarded(ports, ({ sessionId, epoch, endReason }: EndRequest) =>
      endSession(ports, sessionId, epoch, endReason),
    ),
    drain: guarded(ports, () => {
      ports.engine.drain(true);
      return { sessions: ports.engine.sessions.length };
    }),
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
  if (ended.kind === 'fenced') {
    const message = `The session is served at epoch ${ended.epoch}.`;
    throw new RefusalError('FAILED_PRECONDITION', 'epoch_fenced', message);
  }
  logger.info(
    { sessionId, epoch, reason, known: ended.kind === 'ended' },
    'session ended by the control plane',
  );
  return { report: ended.kind === 'ended' ? ended.report : undefined };
}

/** Only the control plane may call: it shows the region's secret. */
function guarded<Request, Response>(ports: WorkerServerPorts, handle: (request: Request) => Response) {
  return ({ request, metadata }: UnaryCall<Request>, answer: Answer<Response>): void => {
    try {
      if (!isSame(bearerOf(metadata) ?? '', ports.fleetSecret)) {
        throw new RefusalError('UNAUTHENTICATED', 'wrong_secret', 'Only the control plane may call this.');
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
