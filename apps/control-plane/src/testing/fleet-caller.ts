import { Client, Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js';
import {
  DescribeResponse,
  FleetServiceService,
  HeartbeatRequest,
  RegisterRequest,
  ReplaceRequest,
  SessionReport,
  type HeartbeatResponse,
  type RegisterResponse,
  type ReplaceResponse,
} from '@meridian/protocol/worker';
import { SECRETS } from './test-config.ts';

export interface FleetRefusal {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

/** Calls FleetService as a worker or gateway would; '' is no secret. A refusal is answered as one, not thrown. */
export class FleetCaller {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  register(over: Partial<RegisterRequest> = {}, secret = SECRETS.us) {
    const workerId = over.workerId ?? 'us-east-1';
    const request = RegisterRequest.fromPartial({
      ...{
        workerId,
        incarnation: 'i1',
        region: 'us-east',
        address: `${workerId}.example.org:5000`,
        gpuType: 'h100',
      },
      describe: DescribeResponse.fromPartial({
        ...{ workerId, model: 'gallery', modelVersion: '1.0.0', frameWidth: 128, frameHeight: 72 },
        ...{ framesPerSecond: 25, actions: ['forward', 'yaw'], stateBytes: 1_000, rebuildMs: 0, slots: 2 },
      }),
      ...over,
    });
    return this.#call<RegisterResponse>('register', RegisterRequest.encode(request).finish(), secret);
  }

  heartbeat(
    seq: number,
    sessions: readonly Partial<SessionReport>[] = [],
    over: Partial<HeartbeatRequest> = {},
    secret = SECRETS.us,
  ) {
    const request = HeartbeatRequest.fromPartial({
      ...{ workerId: 'us-east-1', incarnation: 'i1', seq, slots: 2, stepMsP50: 8, stepMsP95: 9 },
      ...{ stepMsP99: 10, encodeMsP50: 2, encodeMsP95: 3 },
      sessions: sessions.map((session) => SessionReport.fromPartial(session)),
      ...over,
    });
    return this.#call<HeartbeatResponse>('heartbeat', HeartbeatRequest.encode(request).finish(), secret);
  }

  replace(request: Partial<ReplaceRequest>, secret = SECRETS.us) {
    const bytes = ReplaceRequest.encode(ReplaceRequest.fromPartial(request)).finish();
    return this.#call<ReplaceResponse>('replace', bytes, secret);
  }

  /** Any bytes to any method. */
  raw(method: 'register' | 'heartbeat' | 'replace', bytes: Uint8Array, secret = SECRETS.us) {
    return this.#call<object>(method, bytes, secret);
  }

  #call<Response>(
    method: 'register' | 'heartbeat' | 'replace',
    bytes: Uint8Array,
    secret: string,
  ): Promise<Response | FleetRefusal> {
    const metadata = new Metadata();
    if (secret !== '') metadata.set('authorization', `Bearer ${secret}`);
    const { path, responseDeserialize } = FleetServiceService[method];
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        () => Buffer.from(bytes),
        (answer: Buffer) => responseDeserialize(answer) as Response,
        undefined,
        metadata,
        (error, answer) => resolve(error || answer === undefined ? toRefusal(error) : answer),
      );
    });
  }
}

const toRefusal = (error: ServiceError | null): FleetRefusal => ({
  status: status[error?.code ?? status.UNKNOWN],
  code: String(error?.metadata.get('meridian-code')[0] ?? ''),
  message: error?.details ?? '',
});
