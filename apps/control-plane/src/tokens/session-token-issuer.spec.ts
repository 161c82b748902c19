import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { SessionTokenClaims } from '@meridian/application';
import { SeededDraw, VirtualClock, aLease, poolIn, sessionId, tenantId, US_EAST } from '@meridian/testkit';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { SessionTokenIssuer } from './session-token-issuer.ts';

const clock = new VirtualClock();
const issuer = () =>
  new SessionTokenIssuer(generateKeyPairSync('ed25519').privateKey, clock, new SeededDraw(7));
const { workerId, workerAddress, slot, width, epoch } = aLease();
const claims: SessionTokenClaims = {
  ...{ sessionId: sessionId(1), tenantId: tenantId('acme'), region: US_EAST, pool: poolIn(US_EAST) },
  ...{ workerId, workerAddress, slot, width, epoch, claimByMs: clock.nowMs() + 60_000 },
  ...{ holdMs: 30_000, idleMs: 300_000, maxDurationMs: 7_200_000 },
};

const verify = async (token: string, tokens: SessionTokenIssuer) =>
  jwtVerify(token, createLocalJWKSet((await tokens.jwks()) as unknown as JSONWebKeySet), {
    issuer: 'meridian',
    audience: 'meridian-gateway',
    currentDate: new Date(clock.nowMs()),
  });

describe('session tokens', () => {
  it('say everything that gateway and worker need, signed for the published key', async () => {
    const tokens = issuer();
    const token = await tokens.issue(claims);
    const { payload } = await verify(token, tokens);
    const { sessionId: subject, ...rest } = claims;
    expect(payload).toMatchObject({ sub: subject, mer: rest });
    const [jwk] = (await tokens.jwks()).keys as [{ kid: string }];
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: jwk.kid });
    expect(JSON.stringify(jwk)).not.toContain('"d"');
  });

  it('outlive the longest session by the hold and claim times, so that reconnects need no control plane', async () => {
    const tokens = issuer();
    const { payload } = await verify(await tokens.issue(claims), tokens);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(7_200 + 30 + 60);
  });

  it('are refused when signed by another key', async () => {
    await expect(verify(await issuer().issue(claims), issuer())).rejects.toThrow();
  });
});
