import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface TestClaims {
  readonly sessionId: string;
  readonly workerId: string;
  readonly epoch?: number;
  readonly claimInMs?: number;
  readonly holdMs?: number;
  readonly expiresInS?: number;
}

export interface TokenMint {
  readonly jwksJson: string;
  token(claims: TestClaims): Promise<string>;
}

/** Session tokens as the control plane makes them, with a key of its own. */
export async function tokenMint(kid = 'test'): Promise<TokenMint> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' };
  return {
    jwksJson: JSON.stringify({ keys: [jwk] }),
    token: ({ sessionId, workerId, epoch = 1, claimInMs = 60_000, holdMs = 30_000, expiresInS = 7_300 }) =>
      new SignJWT({
        mer: {
          tenantId: 'ten_test',
          workerId,
          epoch,
          claimByMs: Date.now() + claimInMs,
          holdMs,
          idleMs: 300_000,
          maxDurationMs: 7_200_000,
        },
      })
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setIssuer('meridian')
        .setAudience('meridian-gateway')
        .setSubject(sessionId)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + expiresInS)
        .sign(privateKey),
  };
}
