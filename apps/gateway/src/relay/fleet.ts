import { Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { FleetServiceClient, type ReplaceRequest, type ReplaceResponse } from '@meridian/protocol/worker';
import type { Status } from '@meridian/worker-client';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import { Turns } from './turns.ts';

export type ReplaceAnswer =
  | { readonly kind: 'placed'; readonly sessionToken: string }
  /** Of a planned move: there is no other place, or the session cannot be moved. It goes on where it is. */
  | { readonly kind: 'stays'; readonly why: string }
  /** The session has ended with `worker_lost`: no slot is free, or its state cannot be moved. */
  | { readonly kind: 'no_slot'; readonly why: string }
  /** The control plane will not re-place the session, such as one that has ended. */
  | { readonly kind: 'refused'; readonly status: Status }
  /** The control plane did not answer: ask again. */
  | { readonly kind: 'away'; readonly why: string };

export interface ReplaceCall {
  /** The place that the session is to leave. */
  readonly from: SessionTokenClaims;
  /** The worker still serves the session, and drains: nothing is lost when there is no other place. */
  readonly planned: boolean;
}

/** The control plane, asked for one thing only: another worker. */
export interface Fleet {
  /** Throws the signal's reason when it aborts while the call waits for its turn. */
  replace(call: ReplaceCall, signal: AbortSignal): Promise<ReplaceAnswer>;
  close(): void;
}

const CALL_TIMEOUT_MS = 5_000;
/** A worker with hundreds of sessions is lost at once for all of them; a control plane is not to be hit so. */
const CALLS_AT_ONCE = 16;
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
  readonly #turns = new Turns(CALLS_AT_ONCE);

  constructor(address: string, secret: string) {
    // A control plane that comes back is to be found again within the seconds that a client waits.
    this.#client = new FleetServiceClient(address, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    });
    this.#metadata.set('authorization', `Bearer ${secret}`);
  }

  async replace({ from, planned }: ReplaceCall, signal: AbortSignal): Promise<ReplaceAnswer> {
    const { sessionId, epoch, workerId } = from;
    const endTurn = await this.#turns.take(signal);
    try {
      return await this.#call({ sessionId, lostEpoch: epoch, lostWorkerId: workerId, planned }, signal);
    } finally {
      endTurn();
    }
  }

  close(): void {
    this.#client.close();
  }

  #call(request: ReplaceRequest, signal: AbortSignal): Promise<ReplaceAnswer> {
    const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
    return new Promise((resolve) => {
      const cancel = () => call.cancel();
      const call = this.#client.replace(request, this.#metadata, options, (error, answer) => {
        signal.removeEventListener('abort', cancel);
        resolve(error ? refusalOf(error, request.planned) : placed(answer));
      });
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}

const placed = ({ sessionToken }: ReplaceResponse): ReplaceAnswer => ({ kind: 'placed', sessionToken });

function refusalOf(error: ServiceError, planned: boolean): ReplaceAnswer {
  const { code, details } = error;
  if (AGAIN.includes(code)) return { kind: 'away', why: details };
  const isImmovable = codeOf(error) === 'state_not_movable';
  if (planned && (isImmovable || code === status.RESOURCE_EXHAUSTED)) return { kind: 'stays', why: details };
  if (isImmovable) return { kind: 'no_slot', why: details };
  if (code === status.RESOURCE_EXHAUSTED) {
    return { kind: 'no_slot', why: 'The worker was lost and no other has a free slot.' };
  }
  return { kind: 'refused', status: toStatus(error) };
}

const codeOf = ({ metadata }: ServiceError): string | undefined =>
  metadata.get('meridian-code')[0]?.toString();

/** That our secret is wrong is no business of the client's. */
function toStatus(error: ServiceError): Status {
  const { code, details } = error;
  if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) {
    return {
      code: status.UNAVAILABLE,
      message: 'No other worker can be asked for.',
      meridianCode: 'worker_lost',
    };
  }
  return { code, message: details, meridianCode: codeOf(error) ?? 'worker_lost' };
}
