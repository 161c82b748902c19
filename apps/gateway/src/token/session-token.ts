// A session token is checked here without asking anyone: signature, audience, expiry, region. Whether it was claimed
// already only its worker knows.
import { status } from '@grpc/grpc-js';
import { readSessionToken as read, type SessionTokenClaims } from '@meridian/protocol/session-token';
import { StatusError } from '@meridian/worker-client';
import type { KeySet } from './key-set.ts';

/** Throws `StatusError`: UNAUTHENTICATED with `token_malformed`, `token_forged` or `token_expired`. */
export async function readSessionToken(token: string, keys: KeySet): Promise<SessionTokenClaims> {
  const answer = await read(token, keys.find, Date.now());
  if (answer.kind === 'refused') throw new StatusError(status.UNAUTHENTICATED, answer.message, answer.code);
  return answer.claims;
}
