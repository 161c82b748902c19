// How a client's stream ends from this side, beside what its worker and the control plane say.
import { status } from '@grpc/grpc-js';
import type { Status } from '@meridian/worker-client';

/** What was said last may take so long to reach a client. */
export const LAST_WORDS_MS = 1_000;

export const CLIENT_GONE: Status = {
  code: status.CANCELLED,
  message: 'The client went away.',
  meridianCode: 'client_gone',
};

export const CLIENT_STUCK: Status = {
  code: status.RESOURCE_EXHAUSTED,
  message: 'The client takes nothing of what it is sent.',
  meridianCode: 'client_stuck',
};
