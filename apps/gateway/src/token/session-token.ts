// S1. A session token is checked here without asking anyone: signature, audience, expiry, region. Whether it was
// claimed already only its worker knows.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@meridian/worker-client';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { KeySet } from './key-set.ts';

/** What the gateway reads of a token; the worker reads more. */
const meridianClaims = z.object({
  region: z.string(),
  workerId: z.string(),
  workerAddress: z.string(),
  epoch: z.number().int().min(1),
});
const payloadClaims = z.object({ sub: z.string().min(1), mer: meridianClaims });

export interface TokenClaims extends z.output<typeof meridianClaims> {
  readonly sessionId: string;
}

const ISSUER = 'meridian';
const AUDIENCE = 'meridian-gateway';
const CLOCK_TOLERANCE_S = 5;
const TOKEN_BYTES_MAX = 4_096;

/** Throws `StatusError`: UNAUTHENTICATED with `token_malformed`, `token_forged` or `token_expired`. */
export async function readSessionToken(token: string, keys: KeySet): Promise<TokenClaims> {
  if (token.length > TOKEN_BYTES_MAX) throw malformed();
  const { payload } = await jwtVerify(token, keys.find, {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['EdDSA', 'Ed25519'],
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_TOLERANCE_S,
  }).catch((error: unknown) => {
    throw refusalOf(error);
  });
  const claims = payloadClaims.safeParse(payload);
  if (!claims.success) throw malformed();
  return { sessionId: claims.data.sub, ...claims.data.mer };
}

const FORGED = [
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSEAlgNotAllowed,
];

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new StatusError(status.UNAUTHENTICATED, 'The session token has expired.', 'token_expired');
  }
  if (FORGED.some((kind) => error instanceof kind)) {
    return new StatusError(status.UNAUTHENTICATED, 'The session token is not signed by us.', 'token_forged');
  }
  return error instanceof errors.JOSEError ? malformed() : error;
}

const malformed = () =>
  new StatusError(status.UNAUTHENTICATED, 'This is not a session token.', 'token_malformed');
