import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../testing/self-signed.ts';
import { readKeyPair } from './key-pair.ts';

describe('readKeyPair', () => {
  const folder = mkdtempSync(join(tmpdir(), 'key-pair-'));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const { cert, key } = selfSigned();
  const certFile = file('cert.pem', cert);
  const keyFile = file('key.pem', key);
  const otherKey = file('other.pem', selfSigned().key);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

  it('reads both, or neither', () => {
    expect(String(readKeyPair({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile })?.cert)).toBe(cert);
    expect(readKeyPair({})).toBeUndefined();
  });

  it.each([
    [
      'the certificate alone',
      { TLS_CERT_FILE: certFile },
      /^TLS_KEY_FILE is not set while TLS_CERT_FILE is: set both/,
    ],
    ['the key alone', { TLS_KEY_FILE: keyFile }, /^TLS_CERT_FILE is not set while TLS_KEY_FILE is: set both/],
    [
      'a file that is not there',
      { TLS_CERT_FILE: '/nowhere', TLS_KEY_FILE: keyFile },
      /^TLS_CERT_FILE: \/nowhere cannot be read/,
    ],
    [
      'a key of another certificate',
      { TLS_CERT_FILE: certFile, TLS_KEY_FILE: otherKey },
      /must be a PEM certificate and its/,
    ],
    [
      'a file that is no certificate',
      { TLS_CERT_FILE: keyFile, TLS_KEY_FILE: keyFile },
      /must be a PEM certificate and its/,
    ],
  ])('refuses %s, and says what to do', (_what, files, says) => {
    expect(() => readKeyPair(files)).toThrow(says);
  });
});
