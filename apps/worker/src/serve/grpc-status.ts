import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { RefusalError, type Refusal } from '../refusal.ts';

/** The one place where a refusal becomes what gRPC sends: a status, a sentence, and `meridian-code` for programs. */
export function toServiceError({ status: name, code, message }: Refusal): ServiceError {
  const metadata = new Metadata();
  metadata.set('meridian-code', code);
  return Object.assign(new Error(message), { code: status[name], details: message, metadata });
}

const INTERNAL: Refusal = {
  status: 'INTERNAL',
  code: 'internal',
  message: 'The worker failed; its log says how.',
};

/** Undefined kinds of errors are ours and stay in the log. */
export function refusalOfThrown(error: unknown): Refusal {
  return error instanceof RefusalError ? error.refusal : INTERNAL;
}
