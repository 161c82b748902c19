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
/** RFC 6455 registry, "service restart". */
const GATEWAY_STOPPING = 1012;

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
  taken_over: 'A newer stream of this client goes on.',
  message_too_large: 'A message was larger than 64 KiB.',
  malformed_message: 'The gateway could not read a message.',
  malformed_action: 'The worker does not take an action of this kind.',
  malformed_format: 'The worker cannot make frames of this format.',
  too_many_actions: 'More actions came than the gateway takes.',
  too_many_connections: 'Too many streams are open with this session token.',
  too_many_streams: 'The gateway has no room for another stream.',
  too_many_devices: 'The session has as many devices as it may have.',
  keys_unavailable: 'The gateway cannot check tokens just now.',
  gateway_stopping: 'The gateway is being stopped.',
  owner_away: 'The device that opened the session is not connected just now.',
  device_removed: 'The owner of the session removed this device.',
  role_forbidden: 'A device in this role may not do that.',
  session_ended: 'The session is over.',
  session_not_found: 'The worker does not have the session any more.',
  worker_lost: 'The worker is gone and no other had a free slot.',
};

/** Trying again cannot help: the same client would be refused for the same reason, at every gateway. */
const FINAL = new Set([
  'token_missing',
  'token_malformed',
  'token_forged',
  'token_reused',
  'malformed_message',
  'malformed_action',
  'malformed_format',
  'message_too_large',
  'too_many_devices',
  'device_removed',
  'role_forbidden',
  'invalid_argument',
  'permission_denied',
]);

/** A paired device has no API key with which it could learn more or have a fresh token. */
const FINAL_FOR_DEVICE = new Set([
  'session_ended',
  'session_not_found',
  'token_expired',
  'claim_expired',
  'worker_lost',
]);

/** What one gateway says of itself: another may serve, and with the same token. */
const OF_THE_GATEWAY = new Set([
  'gateway_stopping',
  'keys_unavailable',
  'too_many_streams',
  'too_many_connections',
  'owner_away',
  'unavailable',
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

export function isFinal(refusal: MeridianError): boolean {
  return FINAL.has(refusal.code);
}

export function isFinalForDevice(refusal: MeridianError): boolean {
  return isFinal(refusal) || FINAL_FOR_DEVICE.has(refusal.code);
}

/** The stream broke, or the gateway cannot serve now. */
export function isWorthAskingElsewhere(end: StreamClose): boolean {
  const refusal = refusalOf(end);
  return refusal === undefined || OF_THE_GATEWAY.has(refusal.code);
}

export function isGatewayStopping(end: StreamClose): boolean {
  return end.code === GATEWAY_STOPPING || refusalOf(end)?.code === 'gateway_stopping';
}
