// S1. The worker trusts no gateway: it checks the token itself, offline, with keys it was given when it registered.
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { z } from 'zod';
import type { Grant } from '../engine/ports.ts';
import { RefusalError } from '../refusal.ts';

const ISSUER = 'meridian';
const AUDIENCE = 'meridian-gateway';
const CLOCK_TOLERANCE_S = 5;
const TOKEN_BYTES_MAX = 4_096;

const milliseconds = z.number().int().min(0);
const payloadSchema = z.object({
  sub: z.string().min(1).max(64),
  mer: z.object({
    workerId: z.string(),
    epoch: z.number().int().min(1),
    claimByMs: milliseconds,
    holdMs: milliseconds,
    idleMs: milliseconds,
    maxDurationMs: milliseconds,
  }),
});

export interface TokenReaderOptions {
  readonly workerId: string;
  /** Asks for newer keys: a token may be signed with one made after this worker registered. */
  readonly refreshKeys: () => Promise<void>;
}

export class TokenReader {
  readonly #options: TokenReaderOptions;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;

  constructor(options: TokenReaderOptions) {
    this.#options = options;
  }

  /** The keys that tokens are checked with from now on: a JSON Web Key Set (RFC 7517). Throws when it is none. */
  useKeys(jwksJson: string): void {
    this.#keys = createLocalJWKSet(JSON.parse(jwksJson) as JSONWebKeySet);
  }

  /** @throws RefusalError saying why the token does not let its bearer in. */
  async read(token: string | undefined, nowMs: number): Promise<Grant> {
    if (token === undefined)
      throw new RefusalError('UNAUTHENTICATED', 'token_missing', 'There is no session token.');
    if (token.length > TOKEN_BYTES_MAX) throw malformed();
    const claims = payloadSchema.safeParse(await this.#verify(token, nowMs));
    if (!claims.success) throw malformed();
    const { workerId, ...grant } = claims.data.mer;
    if (workerId !== this.#options.workerId) {
      throw new RefusalError(
        'PERMISSION_DENIED',
        'wrong_worker',
        `The session token is for worker ${workerId}.`,
      );
    }
    return { sessionId: claims.data.sub, ...grant };
  }

  async #verify(token: string, nowMs: number): Promise<JWTPayload> {
    try {
      return await this.#check(token, nowMs);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw refusalOf(error);
    }
    await this.#options.refreshKeys();
    return this.#check(token, nowMs).catch((error: unknown) => {
      throw refusalOf(error);
    });
  }

  async #check(token: string, nowMs: number): Promise<JWTPayload> {
    if (this.#keys === undefined) {
      throw new RefusalError('UNAVAILABLE', 'worker_not_ready', 'The worker has not registered yet.');
    }
    const { payload } = await jwtVerify(token, this.#keys, {
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['EdDSA', 'Ed25519'],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
    });
    return payload;
  }
}

const FORGED = [
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSEAlgNotAllowed,
];

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new RefusalError('UNAUTHENTICATED', 'token_expired', 'The session token has expired.');
  }
  if (FORGED.some((kind) => error instanceof kind)) {
    return new RefusalError('UNAUTHENTICATED', 'token_forged', 'The session token is not signed by us.');
  }
  return error instanceof errors.JOSEError ? malformed() : error;
}

function malformed(): RefusalError {
  return new RefusalError('UNAUTHENTICATED', 'token_malformed', 'This is not a session token.');
}
