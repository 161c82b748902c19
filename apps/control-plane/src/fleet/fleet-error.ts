import { status } from '@grpc/grpc-js';
import { StoreUnavailable } from '@meridian/application';
import { StatusError } from '@meridian/worker-client';

/** Machine codes, sent in the trailer `meridian-code`, and the gRPC status of each. */
const STATUS = {
  secret_missing: status.UNAUTHENTICATED,
  secret_wrong: status.UNAUTHENTICATED,
  wrong_region: status.PERMISSION_DENIED,
  invalid_field: status.INVALID_ARGUMENT,
  registration_refused: status.INVALID_ARGUMENT,
  unknown_worker: status.NOT_FOUND,
  session_not_found: status.NOT_FOUND,
  worker_lost: status.RESOURCE_EXHAUSTED,
  no_other_worker: status.RESOURCE_EXHAUSTED,
  state_not_movable: status.FAILED_PRECONDITION,
  session_ended: status.FAILED_PRECONDITION,
  store_unavailable: status.UNAVAILABLE,
  internal_error: status.INTERNAL,
} as const;

export type FleetErrorCode = keyof typeof STATUS;

/** A refused call of a worker or gateway; the message is one sentence for its log. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code: FleetErrorCode;

  constructor(code: FleetErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  static from(error: unknown): FleetError {
    if (error instanceof FleetError) return error;
    if (error instanceof StoreUnavailable)
      return new FleetError('store_unavailable', `${error.store} does not answer.`);
    return new FleetError('internal_error', 'The control plane failed; its log says why.');
  }

  toStatusError(): StatusError {
    return new StatusError(STATUS[this.code], this.message, this.code);
  }
}
