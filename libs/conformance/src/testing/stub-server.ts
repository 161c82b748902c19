import { Server, ServerCredentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  WorkerServiceService,
  type CheckpointRequest,
  type DescribeResponse,
  type EndRequest,
  type ForkRequest,
  type HealthResponse,
  type RestoreRequest,
} from '@meridian/protocol/worker';
import type { Break } from './breaks.ts';
import { checkCheckpoint } from './stub-checks.ts';
import type { ServeCall } from './stub-outlet.ts';
import { StubRefusal } from './stub-refusal.ts';
import { serve, type StubServePorts } from './stub-serve.ts';

export interface StubServerPorts extends StubServePorts {
  readonly secret: string;
  readonly describe: () => DescribeResponse;
  readonly health: () => HealthResponse;
}

type Call<Request> = { readonly request: Request; readonly metadata: Metadata };
type Answer = (error: Partial<ServiceError> | null, response?: unknown) => void;

const SERVICE = {
  ...WorkerServiceService,
  serve: {
    ...WorkerServiceService.serve,
    requestDeserialize: (bytes: Buffer): Uint8Array => bytes,
    responseSerialize: (bytes: Uint8Array): Buffer => Buffer.from(bytes),
  },
};

export async function startStubServer(
  ports: StubServerPorts,
  port: number,
): Promise<{ server: Server; port: number }> {
  const { sessions, broken } = ports;
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const guarded = guard(ports);
  server.addService(SERVICE, {
    serve: (call: ServeCall) => void serve(ports, call),
    describe: (_: unknown, answer: Answer) => answer(null, ports.describe()),
    health: (_: unknown, answer: Answer) => answer(null, ports.health()),
    end: guarded(({ sessionId, epoch, endReason }: EndRequest) => {
      const session = sessions.live.get(sessionId);
      if (session && session.claims.epoch > epoch)
        throw new StubRefusal('FAILED_PRECONDITION', 'epoch_fenced');
      if (session === undefined) sessions.noteEnded(sessionId, epoch);
      return { report: session && sessions.end(session, endReason) };
    }),
    drain: guarded(() => {
      sessions.drain.byOperator(true);
      return { sessions: sessions.live.size };
    }),
    checkpoint: guarded(
      ({ sessionId, epoch }: CheckpointRequest) => ({
        checkpoint: sessions.find(sessionId, epoch).checkpoint(),
      }),
      broken === 'wants-no-secret',
    ),
    restore: guarded((request: RestoreRequest) => restore(ports, request, broken)),
    fork: guarded(({ sessionId, epoch, forkSessionId, claimMs }: ForkRequest) => {
      const session = sessions.find(sessionId, epoch);
      sessions.fork(session, forkSessionId, claimMs);
      return { frameNumber: session.frameNumber };
    }),
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error ? reject(error) : resolve(at),
    );
  });
  return { server, port: bound };
}

function restore({ sessions }: StubServerPorts, request: RestoreRequest, broken: Break | undefined) {
  const session = sessions.find(request.sessionId, request.epoch);
  const { checkpoint } = request;
  if (checkpoint === undefined) throw new StubRefusal('INVALID_ARGUMENT', 'malformed_restore');
  checkCheckpoint(checkpoint, broken);
  session.state = checkpoint.state;
  session.rewind(checkpoint.action);
  if (broken === 'rewinds-numbers-on-restore') session.frameNumber = checkpoint.frameNumber;
  return { nextFrameNumber: session.frameNumber + 1 };
}

function guard({ secret }: StubServerPorts) {
  return <Request>(handle: (request: Request) => unknown, isOpen = false) =>
    ({ request, metadata }: Call<Request>, answer: Answer): void => {
      try {
        const isOurs = metadata.get('authorization')[0] === `Bearer ${secret}`;
        if (!isOurs && !isOpen) throw new StubRefusal('UNAUTHENTICATED', 'wrong_secret');
        answer(null, handle(request));
      } catch (error) {
        answer(error as StubRefusal);
      }
    };
}
