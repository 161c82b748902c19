import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createPrivateKey } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDataDir, type DataDir } from '../layout.ts';
import { base32, openSecrets } from './secrets.ts';

let data: DataDir;
beforeEach(() => {
  data = openDataDir(mkdtempSync(path.join(tmpdir(), 'meridian-secrets-')));
});
afterEach(() => rmSync(data.path, { recursive: true }));

describe('secrets', () => {
  it('are drawn once and kept', () => {
    const first = openSecrets(data);
    const again = openSecrets(data);
    expect(again.adminKey).toBe(first.adminKey);
    expect(again.fleetSecret('us-east')).toBe(first.fleetSecret('us-east'));
    expect(first.fleetSecret('eu-west')).not.toBe(first.fleetSecret('us-east'));
    expect(first.adminKey.length).toBeGreaterThanOrEqual(32);
    expect(first.playKey).toMatch(/^mk_[a-z2-7]{52}$/);
  });

  it('are readable by their owner alone', () => {
    const { tokenKeyFile, adminKeyFile } = openSecrets(data);
    for (const file of [tokenKeyFile, adminKeyFile]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(data.secrets).mode & 0o777).toBe(0o700);
  });

  it('hold an Ed25519 key that signs tokens', () => {
    const key = createPrivateKey(readFileSync(openSecrets(data).tokenKeyFile));
    expect(key.asymmetricKeyType).toBe('ed25519');
  });
});

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['foobar', 'mzxw6ytboi'],
  ])('of "%s" is as in RFC 4648', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });
});
