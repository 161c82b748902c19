import { Server, ServerCredentials, status, type Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  FleetServiceService,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type RegisterRequest,
  type RegisterResponse,
  type ReplaceResponse,
} from '@meridian/protocol/worker';
import { Changes } from '../client/changes.ts';

interface Call<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
}
type Answer<Response> = (error: Partial<ServiceError> | null, response?: Response) => void;

export interface FakeFleetOptions {
  /** What workers are asked to keep to. */
  readonly heartbeatMs?: number;
  readonly host?: string;
  /** 0 takes any free one. */
  readonly port?: number;
}

const WAIT_MS_MAX = 20_000;

/** A control plane for workers under test: it keeps what it hears and says what it is told to say. */
export class FakeFleet {
  readonly registrations: RegisterRequest[] = [];
  readonly heartbeats: HeartbeatRequest[] = [];
  /** When each of `heartbeats` came, by `performance.now()`. */
  readonly heartbeatsMs: number[] = [];
  jwksJson: string;
  /** Added to the next answer to a heartbeat, once. */
  next: Partial<HeartbeatResponse> = {};
  drain = false;
  acknowledges = true;
  /** Answers NOT_FOUND until the worker registers again. */
  forgets = false;
  readonly #secret: string;
  readonly #options: Required<FakeFleetOptions>;
  readonly #server = new Server();
  readonly #changes = new Changes();
  #port = 0;

  constructor(secret: string, jwksJson: string, options: FakeFleetOptions = {}) {
    this.#secret = secret;
    this.jwksJson = jwksJson;
    this.#options = { heartbeatMs: 50, host: '127.0.0.1', port: 0, ...options };
  }

  get address(): string {
    return `${this.#options.host}:${this.#port}`;
  }

  get heartbeatMs(): number {
    return this.#options.heartbeatMs;
  }

  async start(): Promise<void> {
    this.#server.addService(FleetServiceService, {
      register: this.#guarded((request: RegisterRequest) => this.#register(request)),
      heartbeat: this.#guarded((request: HeartbeatRequest) => this.#heartbeat(request)),
      replace: this.#guarded((): ReplaceResponse => ({ sessionToken: '', epoch: 0 })),
    });
    const { host, port } = this.#options;
    this.#port = await new Promise((resolve, reject) => {
      this.#server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** The first heartbeat, among those heard from now on, that passes. @throws TooLate */
  heard(
    passes: (heartbeat: HeartbeatRequest) => boolean,
    withinMs = WAIT_MS_MAX,
    what = 'a heartbeat',
  ): Promise<HeartbeatRequest> {
    const from = this.heartbeats.length;
    return this.#changes.first(() => this.heartbeats.slice(from).find(passes), withinMs, what);
  }

  /** The registration that is the `count`th. @throws TooLate */
  registered(count: number, withinMs = WAIT_MS_MAX): Promise<RegisterRequest> {
    return this.#changes.first(() => this.registrations[count - 1], withinMs, 'a registration');
  }

  #register(request: RegisterRequest): RegisterResponse {
    this.forgets = false;
    this.registrations.push(request);
    return { heartbeatIntervalMs: this.heartbeatMs, jwksJson: this.jwksJson };
  }

  #heartbeat(request: HeartbeatRequest): HeartbeatResponse {
    if (this.forgets) throw Object.assign(new Error('unknown worker'), { code: status.NOT_FOUND });
    this.heartbeats.push(request);
    this.heartbeatsMs.push(performance.now());
    const ended = request.sessions
      .filter((session) => session.endReason !== '')
      .map((session) => session.sessionId);
    const answer = {
      acknowledgedSessionIds: this.acknowledges ? ended : [],
      stop: [],
      drain: this.drain,
      credits: [],
      ...this.next,
    };
    this.next = {};
    return answer;
  }

  #guarded<Request, Response>(handle: (request: Request) => Response) {
    return ({ request, metadata }: Call<Request>, answer: Answer<Response>): void => {
      try {
        if (metadata.get('authorization')[0] !== `Bearer ${this.#secret}`) {
          throw Object.assign(new Error('wrong secret'), { code: status.UNAUTHENTICATED });
        }
        answer(null, handle(request));
      } catch (error) {
        answer(error as ServiceError);
      } finally {
        this.#changes.changed();
      }
    };
  }
}
