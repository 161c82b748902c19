// S1. What a session token says and how it is signed and checked: the one place for the control plane, which signs, and
// for gateways and workers, which check it offline (L4), each for itself.
import { KeyObject, sign } from 'node:crypto';
import { errors, jwtVerify, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';

const milliseconds = z.number().int().min(0);

const payload = z.object({
  sub: z.string().min(1).max(64),
  mer: z.object({
    tenantId: z.string(),
    region: z.string(),
    pool: z.string(),
    workerId: z.string(),
    /** host:port where gateways reach the worker. */
    workerAddress: z.string(),
    slot: z.number().int().min(0),
    /** Slots that the session takes on the worker; tokens made before sessions could take several have none. */
    width: z.number().int().min(1).default(1),
    epoch: z.number().int().min(1),
    /** The first stream must open before this, Unix ms. */
    claimByMs: milliseconds,
    /** How long the session is kept without a client, ms. */
    holdMs: milliseconds,
    /** Ends with `idle` after this long without an action, ms. */
    idleMs: milliseconds,
    /** Ends with `duration_limit` after this long, ms. */
    maxDurationMs: milliseconds,
    /** Active time that is paid for at this epoch, ms: ends with `budget_exhausted` unless renewed. None: no limit. */
    creditMs: milliseconds.optional(),
    /** 0: the session's owner; else a device that was paired with it, which only a gateway takes. */
    device: z.number().int().min(0).default(0),
    role: z.enum(['owner', 'controller', 'spectator']).default('owner'),
  }),
});

export type SessionTokenClaims = Readonly<z.output<typeof payload>['mer']> & { readonly sessionId: string };

/** What is signed: what it leaves out is read with its default. */
export type SessionTokenContent = Readonly<z.input<typeof payload>['mer']> & { readonly sessionId: string };

export type SessionTokenRead =
  | { readonly kind: 'valid'; readonly claims: SessionTokenClaims }
  | {
      readonly kind: 'refused';
      readonly code: 'token_malformed' | 'token_forged' | 'token_expired';
      /** A sentence for a person. */
      readonly message: string;
      /** It may be signed with a key made after these were fetched. */
      readonly isKeyUnknown: boolean;
    };

export interface SigningOptions {
  readonly key: CryptoKey | KeyObject;
  /** The key's id in the published key set. */
  readonly kid: string;
  /** Seconds since the Unix epoch. */
  readonly issuedAtS: number;
  readonly lifeS: number;
  readonly tokenId?: string;
}

const ISSUER = 'meridian';
const AUDIENCE = 'meridian-gateway';
const CLOCK_TOLERANCE_S = 5;
const TOKEN_BYTES_MAX = 4_096;

/**
 * A JWT (RFC 7519) signed with Ed25519 (RFC 8037). By OpenSSL itself: WebCrypto, which jose would use, takes a thread
 * and twice the time for a signature of 40 us.
 */
export function signSessionToken(
  { sessionId, ...mer }: SessionTokenContent,
  { key, kid, issuedAtS, lifeS, tokenId }: SigningOptions,
): string {
  const header = { alg: 'EdDSA', kid, typ: 'JWT' };
  const times = { iat: issuedAtS, exp: issuedAtS + lifeS };
  const claims = { mer, iss: ISSUER, aud: AUDIENCE, sub: sessionId, ...times, jti: tokenId };
  const signed = `${base64url(header)}.${base64url(claims)}`;
  const privateKey = key instanceof KeyObject ? key : KeyObject.from(key);
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

const base64url = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Checks signature, issuer, audience, expiry at `nowMs` (Unix ms) and form. What finding a key throws is passed on. */
export async function readSessionToken(
  token: string,
  keys: JWTVerifyGetKey,
  nowMs: number,
): Promise<SessionTokenRead> {
  if (token.length > TOKEN_BYTES_MAX) return MALFORMED;
  try {
    const verified = await jwtVerify(token, keys, {
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['EdDSA', 'Ed25519'],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
    });
    const claims = payload.safeParse(verified.payload);
    if (!claims.success) return MALFORMED;
    return { kind: 'valid', claims: { sessionId: claims.data.sub, ...claims.data.mer } };
  } catch (error) {
    return refusalOf(error);
  }
}

const refused = (
  code: Extract<SessionTokenRead, { kind: 'refused' }>['code'],
  message: string,
  isKeyUnknown = false,
): SessionTokenRead => ({ kind: 'refused', code, message, isKeyUnknown });

const MALFORMED = refused('token_malformed', 'This is not a session token.');

const FORGED = [
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSEAlgNotAllowed,
];

function refusalOf(error: unknown): SessionTokenRead {
  if (error instanceof errors.JWTExpired) return refused('token_expired', 'The session token has expired.');
  if (FORGED.some((kind) => error instanceof kind)) {
    const isKeyUnknown = error instanceof errors.JWKSNoMatchingKey;
    return refused('token_forged', 'The session token is not signed by us.', isKeyUnknown);
  }
  if (error instanceof errors.JOSEError) return MALFORMED;
  throw error;
}
