import { Metadata, Server, ServerCredentials, status, type ServiceError } from '@grpc/grpc-js';
import {
  FleetServiceService,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type RegisterRequest,
  type RegisterResponse,
  type ReplaceResponse,
} from '@meridian/protocol/worker';

interface Call<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
}
type Answer<Response> = (error: Partial<ServiceError> | null, response?: Response) => void;

/** A control plane for one worker under test: it keeps what it hears and says what it is told to say. */
export class FakeFleet {
  readonly registrations: RegisterRequest[] = [];
  readonly heartbeats: HeartbeatRequest[] = [];
  jwksJson: string;
  /** Added to the next answer to a heartbeat, once. */
  next: Partial<HeartbeatResponse> = {};
  drain = false;
  acknowledges = true;
  /** Answers NOT_FOUND until the worker registers again. */
  forgets = false;
  readonly #secret: string;
  readonly #server = new Server();
  #waiting: (() => void)[] = [];
  #port = 0;

  constructor(secret: string, jwksJson: string) {
    this.#secret = secret;
    this.jwksJson = jwksJson;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server.addService(FleetServiceService, {
      register: this.#guarded((request: RegisterRequest) => this.#register(request)),
      heartbeat: this.#guarded((request: HeartbeatRequest) => this.#heartbeat(request)),
      replace: this.#guarded((): ReplaceResponse => ({ sessionToken: '', epoch: 0 })),
    });
    this.#port = await new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** The first heartbeat, among those heard from now on, that passes. */
  async heard(passes: (heartbeat: HeartbeatRequest) => boolean): Promise<HeartbeatRequest> {
    const from = this.heartbeats.length;
    for (;;) {
      const found = this.heartbeats.slice(from).find(passes);
      if (found !== undefined) return found;
      await this.#something();
    }
  }

  /** Resolves once there are this many registrations. */
  async registered(count: number): Promise<void> {
    while (this.registrations.length < count) await this.#something();
  }

  #something(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #register(request: RegisterRequest): RegisterResponse {
    this.forgets = false;
    this.registrations.push(request);
    return { heartbeatIntervalMs: 50, jwksJson: this.jwksJson };
  }

  #heartbeat(request: HeartbeatRequest): HeartbeatResponse {
    if (this.forgets) throw Object.assign(new Error('unknown worker'), { code: status.NOT_FOUND });
    this.heartbeats.push(request);
    const ended = request.sessions
      .filter((session) => session.endReason !== '')
      .map((session) => session.sessionId);
    const answer = {
      acknowledgedSessionIds: this.acknowledges ? ended : [],
      stop: [],
      drain: this.drain,
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
        this.#waiting.splice(0).forEach((resolve) => resolve());
      }
    };
  }
}
