// L4. Tokens are checked with the control plane away, also after a restart of the gateway.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@meridian/telemetry';
import { generateKeyPair } from 'jose';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeControlPlane } from '../testing/fake-control-plane.ts';
import { until } from '../testing/clients.ts';
import { KeySet } from './key-set.ts';
import { readSessionToken } from './session-token.ts';

const PLAN = {
  sessionId: 'ses_1',
  workerId: 'us-east-1',
  workerAddress: '127.0.0.1:1',
  epoch: 1,
  region: 'us-east',
  expiresInS: 60,
};

let folder: string;
let cacheFile: string;
let plane: FakeControlPlane;
let stop: AbortController;

const keySet = async () => {
  const keys = new KeySet({ url: plane.jwksUrl, cacheFile, logger: createLogger('gateway'), retryMs: 10 });
  await keys.start(stop.signal);
  return keys;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-keys-'));
  cacheFile = join(folder, 'jwks.json');
  plane = await FakeControlPlane.start();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  plane.goAway();
  await rm(folder, { recursive: true });
});

describe('KeySet', () => {
  it('waits for a control plane that comes later', async () => {
    plane.goAway();
    const keys = await keySet();
    expect(keys.isLoaded).toBe(false);
    await plane.comeBack();
    await until(() => keys.isLoaded);
    expect(await readSessionToken(await plane.token(PLAN), keys)).toMatchObject({
      sessionId: 'ses_1',
      epoch: 1,
    });
  });

  it('starts from its cache with the control plane away', async () => {
    const first = await keySet();
    await until(() => first.isLoaded);
    const cached = async () => readFile(cacheFile, 'utf8').catch(() => '');
    while ((await cached()) === '');
    plane.goAway();
    const restarted = await keySet();
    expect(restarted.isLoaded).toBe(true);
    expect(await readSessionToken(await plane.token(PLAN), restarted)).toMatchObject({ sessionId: 'ses_1' });
  });

  it('is not misled by a broken cache', async () => {
    await writeFile(cacheFile, '{"keys": [');
    const keys = await keySet();
    await until(() => keys.isLoaded);
  });

  it('knows no key of others', async () => {
    const keys = await keySet();
    await until(() => keys.isLoaded);
    const { privateKey } = await generateKeyPair('EdDSA');
    const forged = readSessionToken(await plane.token(PLAN, privateKey), keys);
    await expect(forged).rejects.toMatchObject({ status: { meridianCode: 'token_forged' } });
  });
});
