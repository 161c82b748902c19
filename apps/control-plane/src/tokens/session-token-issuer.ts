import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock, Draw, SessionTokenClaims, SessionTokens } from '@meridian/application';
import { SignJWT, calculateJwkThumbprint, exportJWK, type JWK } from 'jose';

const ISSUER = 'meridian';
const AUDIENCE = 'meridian-gateway';

/**
 * S1. Session tokens: JWTs signed with Ed25519 (`alg` EdDSA), bound to one session, epoch and worker. They outlive the
 * longest session, so that gateways and workers can check reconnects with every store and the control plane down (L4).
 */
export class SessionTokenIssuer implements SessionTokens {
  readonly #key: KeyObject;
  readonly #clock: Clock;
  readonly #draw: Draw;
  readonly #publicJwk: Promise<JWK & { kid: string }>;

  constructor(key: KeyObject, clock: Clock, draw: Draw) {
    this.#key = key;
    this.#clock = clock;
    this.#draw = draw;
    this.#publicJwk = toPublicJwk(key);
  }

  async issue({ sessionId, ...claims }: SessionTokenClaims): Promise<string> {
    const issuedAtMs = this.#clock.nowMs();
    const claimLeftMs = Math.max(0, claims.claimByMs - issuedAtMs);
    const lifeS = Math.ceil((claims.maxDurationMs + claims.holdMs + claimLeftMs) / 1_000);
    const issuedAtS = Math.floor(issuedAtMs / 1_000);
    return new SignJWT({ mer: claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: (await this.#publicJwk).kid, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(sessionId)
      .setIssuedAt(issuedAtS)
      .setExpirationTime(issuedAtS + lifeS)
      .setJti(this.#draw.token(16))
      .sign(this.#key);
  }

  async jwks(): Promise<{ readonly keys: readonly object[] }> {
    return { keys: [await this.#publicJwk] };
  }
}

/** The key id is the key's own thumbprint (RFC 7638), so that two replicas with one key say the same. */
async function toPublicJwk(key: KeyObject): Promise<JWK & { kid: string }> {
  const jwk = await exportJWK(createPublicKey(key));
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' };
}
