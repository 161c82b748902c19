import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock, Draw, SessionTokenClaims, SessionTokens } from '@meridian/application';
import { signSessionToken } from '@meridian/protocol/session-token';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';

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

  async issue(claims: SessionTokenClaims): Promise<string> {
    const issuedAtMs = this.#clock.nowMs();
    const claimLeftMs = Math.max(0, claims.claimByMs - issuedAtMs);
    return signSessionToken(claims, {
      key: this.#key,
      kid: (await this.#publicJwk).kid,
      issuedAtS: Math.floor(issuedAtMs / 1_000),
      lifeS: Math.ceil((claims.maxDurationMs + claims.holdMs + claimLeftMs) / 1_000),
      tokenId: this.#draw.token(16),
    });
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
