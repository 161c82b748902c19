import { signSessionToken } from '@meridian/protocol/session-token';
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import { randomUUID } from 'node:crypto';

/** What a token says; a claim that is left out has a value that lets its bearer in. */
export interface TestClaims {
  readonly sessionId: string;
  readonly workerId: string;
  readonly epoch?: number;
  /** Slots that the session takes. */
  readonly width?: number;
  /** The first stream must open within this time from now. */
  readonly claimInMs?: number;
  readonly holdMs?: number;
  readonly idleMs?: number;
  readonly maxDurationMs?: number;
  /** Active time that is paid for; none: no limit. */
  readonly creditMs?: number;
  readonly expiresInS?: number;
  /** A paired device's; 0 is the owner's. */
  readonly device?: number;
}

export interface TokenMint {
  readonly jwksJson: string;
  readonly publicKey: JWK;
  token(claims: TestClaims): Promise<string>;
}

/** Session tokens as the control plane makes them, with a key of its own. */
export async function tokenMint(kid = 'test'): Promise<TokenMint> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' };
  return {
    jwksJson: jwksOf(jwk),
    publicKey: jwk,
    token: (claims) => Promise.resolve(sign(claims, kid, privateKey)),
  };
}

/** A JSON Web Key Set (RFC 7517). */
export const jwksOf = (...keys: readonly JWK[]): string => JSON.stringify({ keys });

function sign(claims: TestClaims, kid: string, key: CryptoKey): string {
  // By name: callers hand over more than claims, such as a checkpoint, which no token must carry.
  const { sessionId, workerId, epoch = 1, claimInMs = 60_000, expiresInS: lifeS = 7_300 } = claims;
  const {
    holdMs = 30_000,
    idleMs = 300_000,
    maxDurationMs = 7_200_000,
    width = 1,
    device = 0,
    creditMs,
  } = claims;
  const place = { region: 'us-east', pool: 'us-east/h100', workerAddress: '127.0.0.1:1', slot: 0, width };
  const limits = { claimByMs: Date.now() + claimInMs, holdMs, idleMs, maxDurationMs, creditMs };
  const role = device === 0 ? ('owner' as const) : ('controller' as const);
  const all = { tenantId: 'ten_test', sessionId, workerId, epoch, device, role, ...place, ...limits };
  const issuedAtS = Math.floor(Date.now() / 1_000);
  return signSessionToken(all, { key, kid, issuedAtS, lifeS, tokenId: randomUUID() });
}
