// A stream that is refused after the upgrade closes with 4000 + the gRPC status number, and the machine code as
// the reason. Before the upgrade a browser only sees code 1006, so the session is read to learn what happened.
import { MeridianError } from './errors.ts';

/** How a stream ended, as the WebSocket tells it. */
export interface StreamClose {
  readonly code: number;
  readonly reason: string;
}

const REFUSAL_BASE = 4000;
/** RFC 6455: the gateway's WebSocket server itself found a message too big. */
const MESSAGE_TOO_BIG = 1009;

const GRPC_CODES: Readonly<Record<number, string>> = {
  3: 'invalid_argument',
  5: 'session_not_found',
  7: 'permission_denied',
  8: 'resource_exhausted',
  9: 'failed_precondition',
  10: 'aborted_by_newer_stream',
  13: 'internal',
  14: 'unavailable',
  16: 'unauthenticated',
};

const SENTENCES: Readonly<Record<string, string>> = {
  token_missing: 'The stream was opened without a session token.',
  token_expired: 'The session token has expired.',
  token_forged: 'The session token was not signed by this Meridian.',
  token_reused: 'Another client already plays this session.',
  claim_expired: 'The slot was not taken up in time and went back.',
  wrong_region: 'The session token belongs to another region.',
  epoch_fenced: 'The session has moved on to another worker.',
  message_too_large: 'A message was larger than 64 KiB.',
  malformed_message: 'The gateway could not read a message.',
  malformed_action: 'The worker does not take an action of this kind.',
  malformed_format: 'The worker cannot make frames of this format.',
  worker_lost: 'The worker is gone and no other had a free slot.',
};

/** Trying again cannot help: the same client would be refused for the same reason. */
const HOPELESS = new Set([
  'token_missing',
  'token_forged',
  'token_reused',
  'malformed_message',
  'malformed_action',
  'malformed_format',
  'message_too_large',
  'invalid_argument',
  'permission_denied',
]);

/** The error that a refusal stands for, or undefined when the stream merely broke. */
export function refusalOf({ code, reason }: StreamClose): MeridianError | undefined {
  const status = code - REFUSAL_BASE;
  if (code !== MESSAGE_TOO_BIG && (status < 1 || status > 16)) return undefined;
  const machineCode =
    code === MESSAGE_TOO_BIG ? 'message_too_large' : reason || GRPC_CODES[status] || 'stream_refused';
  return new MeridianError(machineCode, SENTENCES[machineCode] ?? 'The gateway refused the stream.', {
    detail: `The stream closed with code ${code} (${machineCode}).`,
  });
}

export function isHopeless(refusal: MeridianError): boolean {
  return HOPELESS.has(refusal.code);
}
