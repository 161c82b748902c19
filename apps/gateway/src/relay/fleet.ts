import { Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { FleetServiceClient, type ReplaceResponse } from '@meridian/protocol/worker';
import type { Status } from '@meridian/worker-client';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';

export type ReplaceAnswer =
  | { readonly kind: 'placed'; readonly sessionToken: string }
  /** No slot is free: the session has ended with `worker_lost`. */
  | { readonly kind: 'no_slot' }
  /** The control plane will not re-place the session, such as one that has ended. */
  | { readonly kind: 'refused'; readonly status: Status }
  /** The control plane did not answer: ask again. */
  | { readonly kind: 'away'; readonly message: string };

/** The control plane, asked for one thing only: another worker. */
export interface Fleet {
  replace(lost: SessionTokenClaims, signal: AbortSignal): Promise<ReplaceAnswer>;
  close(): void;
}

const CALL_TIMEOUT_MS = 5_000;
const AGAIN: readonly status[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.INTERNAL,
  status.UNKNOWN,
  status.ABORTED,
  status.CANCELLED,
];

/** `FleetService.Replace` over grpc-js. `secret` is the region's. */
export class GrpcFleet implements Fleet {
  readonly #client: FleetServiceClient;
  readonly #metadata = new Metadata();

  constructor(address: string, secret: string) {
    // A control plane that comes back is to be found again within the seconds that a client waits.
    this.#client = new FleetServiceClient(address, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    });
    this.#metadata.set('authorization', `Bearer ${secret}`);
  }

  replace({ sessionId, epoch, workerId }: SessionTokenClaims, signal: AbortSignal): Promise<ReplaceAnswer> {
    const request = { sessionId, lostEpoch: epoch, lostWorkerId: workerId };
    const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
    return new Promise((resolve) => {
      const call = this.#client.replace(request, this.#metadata, options, (error, answer) =>
        resolve(toAnswer(error, answer)),
      );
      signal.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }

  close(): void {
    this.#client.close();
  }
}

function toAnswer(error: ServiceError | null, answer: ReplaceResponse | undefined): ReplaceAnswer {
  if (!error) return { kind: 'placed', sessionToken: answer?.sessionToken ?? '' };
  if (error.code === status.RESOURCE_EXHAUSTED) return { kind: 'no_slot' };
  if (AGAIN.includes(error.code)) return { kind: 'away', message: error.details };
  return { kind: 'refused', status: toStatus(error) };
}

/** That our secret is wrong is no business of the client's. */
function toStatus({ code, details, metadata }: ServiceError): Status {
  if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) {
    return {
      code: status.UNAVAILABLE,
      message: 'No other worker can be asked for.',
      meridianCode: 'worker_lost',
    };
  }
  const meridianCode = metadata.get('meridian-code')[0]?.toString();
  return { code, message: details, meridianCode: meridianCode ?? 'worker_lost' };
}
