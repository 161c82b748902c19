import { status } from '@grpc/grpc-js';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import { continueTrace, type TraceContext } from '@meridian/telemetry';
import { StatusError } from '@meridian/worker-client';
import type { KeySet } from './key-set.ts';
import { readSessionToken } from './session-token.ts';

/** What a client sends beside its stream, by metadata or by WebSocket subprotocols. */
export interface Credentials {
  readonly sessionToken?: string | undefined;
  readonly clientKey?: string | undefined;
  /** Digits. */
  readonly nextFrame?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** A worker to stream from, and the token that lets us. */
export interface Place {
  readonly sessionToken: string;
  readonly claims: SessionTokenClaims;
}

/** A client that may stream. */
export interface Ticket {
  readonly place: Place;
  readonly clientKey: string;
  /** The client says that it has seen the frames below this number; 0 when it says nothing. */
  readonly nextFrame: number;
  readonly trace: TraceContext;
}

const FRAME_NUMBER = /^\d{1,12}$/;
const CLIENT_KEY = /^[A-Za-z0-9_-]{16,64}$/;

/**
 * Checks what can be checked offline. Throws `StatusError`: `token_missing`, `token_malformed`, `token_forged`,
 * `token_expired` (UNAUTHENTICATED), `wrong_region` (PERMISSION_DENIED), `client_key_missing`,
 * `client_key_malformed`, `next_frame_malformed` (INVALID_ARGUMENT), `keys_unavailable` (UNAVAILABLE).
 */
export async function admit(credentials: Credentials, keys: KeySet, region: string): Promise<Ticket> {
  const { sessionToken, clientKey, nextFrame, traceparent } = credentials;
  if (!sessionToken)
    throw new StatusError(status.UNAUTHENTICATED, 'No session token was sent.', 'token_missing');
  if (!keys.isLoaded) {
    throw new StatusError(
      status.UNAVAILABLE,
      'This gateway has no keys to check tokens with yet.',
      'keys_unavailable',
    );
  }
  const claims = await readSessionToken(sessionToken, keys);
  if (claims.region !== region) {
    const message = `The session is in region ${claims.region}; this gateway serves ${region}.`;
    throw new StatusError(status.PERMISSION_DENIED, message, 'wrong_region');
  }
  if ((claims.device === 0) !== (claims.role === 'owner')) {
    const message = 'The session token names a role that its device cannot have.';
    throw new StatusError(status.UNAUTHENTICATED, message, 'token_malformed');
  }
  return {
    place: { sessionToken, claims },
    clientKey: checkKey(clientKey),
    nextFrame: checkNumber(nextFrame),
    trace: continueTrace(traceparent),
  };
}

function checkKey(clientKey: string | undefined): string {
  if (!clientKey)
    throw new StatusError(status.INVALID_ARGUMENT, 'No client key was sent.', 'client_key_missing');
  if (CLIENT_KEY.test(clientKey)) return clientKey;
  const message = 'A client key is 16 to 64 of the characters A-Z, a-z, 0-9, _ and -.';
  throw new StatusError(status.INVALID_ARGUMENT, message, 'client_key_malformed');
}

function checkNumber(nextFrame = '0'): number {
  if (FRAME_NUMBER.test(nextFrame)) return Number(nextFrame);
  const message = 'The number of the next frame is 1 to 12 digits.';
  throw new StatusError(status.INVALID_ARGUMENT, message, 'next_frame_malformed');
}
