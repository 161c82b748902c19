// Between the workers and the control plane: everything a worker says of its sessions goes through here, and what was
// answered is kept. The tap lives in the bench's own process, which nobody kills.
import {
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  FleetServiceClient,
  FleetServiceService,
  type HeartbeatRequest,
  type HeartbeatResponse,
} from '@meridian/protocol/worker';

/** What a worker's process said last of a session at an epoch. */
export interface Told {
  readonly sessionId: string;
  readonly epoch: number;
  readonly workerId: string;
  /** When its counters were 0: another start is another process. */
  readonly startedUs: number;
  readonly seq: number;
  readonly activeMs: number;
  readonly frames: number;
}

const CALL_MS_MAX = 2_000;

export const keyOf = (sessionId: string, epoch: number): string => `${sessionId} ${epoch}`;

export const countKeyOf = (count: Pick<Told, 'sessionId' | 'epoch' | 'startedUs'>): string =>
  `${keyOf(count.sessionId, count.epoch)} ${count.startedUs}`;

export class HeartbeatTap {
  /** The newest that was answered: the control plane has it, and nothing that is killed may lose it. */
  readonly answered = new Map<string, Told>();
  /** The newest that a worker said, whether anybody heard it or not. */
  readonly said = new Map<string, Told>();
  /** When a worker's heartbeat was last answered, by `performance.now()`. */
  readonly answeredAtMs = new Map<string, number>();
  readonly #server = new Server();
  #client: FleetServiceClient | undefined;

  /** Listens on a free port, for the control plane at host:port; answers with its own. */
  async start(controlPlane: string): Promise<string> {
    this.#client = new FleetServiceClient(controlPlane, credentials.createInsecure(), {
      // A control plane that was killed is back in seconds; gRPC's own pauses grow to two minutes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    });
    this.#server.addService(FleetServiceService, {
      register: this.#passOn((client, ...call) => client.register(...call)),
      heartbeat: this.#passOn<HeartbeatRequest, HeartbeatResponse>(
        (client, ...call) => client.heartbeat(...call),
        (request) => this.#heard(request, this.said),
        (request) => {
          this.#heard(request, this.answered);
          this.answeredAtMs.set(request.workerId, performance.now());
        },
      ),
      replace: this.#passOn((client, ...call) => client.replace(...call)),
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return `127.0.0.1:${port}`;
  }

  stop(): void {
    this.#client?.close();
    this.#server.forceShutdown();
  }

  #heard({ workerId, sessions }: HeartbeatRequest, known: Map<string, Told>): void {
    for (const { sessionId, epoch, startedUs, seq, activeMs, frames } of sessions) {
      const key = countKeyOf({ sessionId, epoch, startedUs });
      if ((known.get(key)?.seq ?? -1) >= seq) continue;
      known.set(key, { sessionId, epoch, workerId, startedUs, seq, activeMs, frames });
    }
  }

  #passOn<Request, Response>(
    call: (
      client: FleetServiceClient,
      request: Request,
      metadata: Metadata,
      options: { deadline: number },
      answer: (error: ServiceError | null, response: Response) => void,
    ) => unknown,
    before: (request: Request) => void = () => undefined,
    after: (request: Request) => void = () => undefined,
  ) {
    return (
      { request, metadata }: ServerUnaryCall<Request, Response>,
      answer: sendUnaryData<Response>,
    ): void => {
      before(request);
      if (!this.#client) return answer({ code: status.UNAVAILABLE, details: 'not connected yet' });
      const passed = new Metadata();
      for (const value of metadata.get('authorization')) passed.set('authorization', value);
      call(this.#client, request, passed, { deadline: Date.now() + CALL_MS_MAX }, (error, response) => {
        if (error) return answer({ code: error.code, details: error.details, metadata: error.metadata });
        after(request);
        answer(null, response);
      });
    };
  }
}
