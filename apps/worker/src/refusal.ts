/** gRPC status names that the worker closes a stream or call with. */
export type RefusalStatus =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'ABORTED'
  | 'UNAVAILABLE'
  | 'INTERNAL';

/** Why something is not done: one sentence for a person, and `code` for a program (metadata `meridian-code`). */
export interface Refusal {
  readonly status: RefusalStatus;
  readonly code: string;
  readonly message: string;
}

export const refusal = (status: RefusalStatus, code: string, message: string): Refusal => ({
  status,
  code,
  message,
});

/** A refusal on its way out of nested calls; converted once, at the edge. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
  readonly refusal: Refusal;

  constructor(status: RefusalStatus, code: string, message: string) {
    super(message);
    this.refusal = refusal(status, code, message);
  }

  static of({ status, code, message }: Refusal): RefusalError {
    return new RefusalError(status, code, message);
  }
}
