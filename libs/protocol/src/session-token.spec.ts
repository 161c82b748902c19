import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT, createLocalJWKSet, exportJWK, type JWTVerifyGetKey } from 'jose';
import { readSessionToken, signSessionToken, type SessionTokenClaims } from './session-token.ts';

const ours = generateKeyPairSync('ed25519');
const theirs = generateKeyPairSync('ed25519');
const NOW_MS = 1_000_000_000;
const claims: SessionTokenClaims = {
  ...{ sessionId: 'ses_1', tenantId: 'ten_1', region: 'us-east', pool: 'p', workerId: 'us-east-1' },
  ...{ workerAddress: '127.0.0.1:1', slot: 0, width: 3, epoch: 1, claimByMs: NOW_MS + 60_000 },
  ...{ holdMs: 30_000, idleMs: 300_000, maxDurationMs: 7_200_000, device: 2, role: 'spectator' },
};
const signing = { key: ours.privateKey, kid: 'k1', issuedAtS: NOW_MS / 1_000, lifeS: 60 };

let keys: JWTVerifyGetKey;
beforeAll(async () => {
  keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(ours.publicKey)), kid: 'k1', alg: 'EdDSA' }] });
});

const read = (token: string, afterMs = 0) => readSessionToken(token, keys, NOW_MS + afterMs);

/** Signed by us, with claims that we would not make. */
const forge = (mer: object, { audience = 'meridian-gateway', issuer = 'meridian' } = {}) =>
  new SignJWT({ mer })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('ses_1')
    .setExpirationTime(NOW_MS / 1_000 + 60)
    .sign(ours.privateKey);

describe('a session token', () => {
  it('says to whoever checks it what was signed', async () => {
    expect(await read(signSessionToken(claims, signing))).toEqual({ kind: 'valid', claims });
  });

  it('takes one slot when it was made before sessions could take several', async () => {
    const { sessionId: _subject, width: _absent, ...older } = claims;
    expect(await read(await forge(older))).toMatchObject({ kind: 'valid', claims: { width: 1 } });
  });

  it('is the owner’s when it does not say whose it is', async () => {
    const { sessionId: _subject, device: _device, role: _role, ...older } = claims;
    const owner = { device: 0, role: 'owner' };
    expect(await read(await forge(older))).toMatchObject({ kind: 'valid', claims: owner });
  });

  it.each([{ device: -1 }, { device: 1.5 }, { role: 'guest' }])('is malformed with %j', async (odd) => {
    const { sessionId: _subject, ...rest } = claims;
    expect(await read(await forge({ ...rest, ...odd }))).toMatchObject({ code: 'token_malformed' });
  });

  it('is refused when it has expired, with five seconds for clocks that differ', async () => {
    const token = signSessionToken(claims, signing);
    expect((await read(token, 64_000)).kind).toBe('valid');
    expect(await read(token, 66_000)).toMatchObject({ kind: 'refused', code: 'token_expired' });
  });

  it('is forged with another key, and says whether newer keys might help', async () => {
    const stolenId = signSessionToken(claims, { ...signing, key: theirs.privateKey });
    expect(await read(stolenId)).toMatchObject({ code: 'token_forged', isKeyUnknown: false });
    const unknown = signSessionToken(claims, { ...signing, kid: 'k2' });
    expect(await read(unknown)).toMatchObject({ code: 'token_forged', isKeyUnknown: true });
  });

  const { sessionId: _, ...mer } = claims;
  it.each([
    ['no epoch', { ...mer, epoch: undefined }],
    ['epoch 0', { ...mer, epoch: 0 }],
    ['a hold time that is text', { ...mer, holdMs: '30000' }],
    ['no worker', { ...mer, workerId: undefined }],
  ])('is malformed with %s', async (_what, wrong) => {
    expect(await read(await forge(wrong))).toMatchObject({ code: 'token_malformed' });
  });

  it('is malformed for another audience or issuer, as garbage, and above 4 KiB', async () => {
    const tokens = [
      await forge(mer, { audience: 'someone-else' }),
      await forge(mer, { issuer: 'someone-else' }),
      'not.a.token',
      signSessionToken({ ...claims, pool: 'p'.repeat(4_096) }, signing),
    ];
    for (const token of tokens) expect(await read(token)).toMatchObject({ code: 'token_malformed' });
  });

  it('passes on what finding a key throws', async () => {
    const away = () => Promise.reject(new Error('the control plane is away'));
    const token = signSessionToken(claims, signing);
    await expect(readSessionToken(token, away, NOW_MS)).rejects.toThrow('the control plane is away');
  });
});
