import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DataDir } from '../layout.ts';

export interface Secrets {
  readonly tokenKeyFile: string;
  readonly adminKeyFile: string;
  readonly adminKey: string;
  /** API key that the play page is served with. */
  readonly playKey: string;
  readonly postgresPassword: string;
  readonly redisPassword: string;
  fleetSecret(region: string): string;
}

/** Keys are drawn once and kept: tokens and API keys given out before a restart go on working after it. */
export function openSecrets(data: DataDir): Secrets {
  const file = (name: string) => path.join(data.secrets, name);
  const text = (name: string, draw: () => string) => {
    if (!existsSync(file(name))) writeWhole(file(name), draw());
    return readFileSync(file(name), 'utf8').trim();
  };
  const random = () => randomBytes(32).toString('hex');
  text('token-key.pem', () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  return {
    tokenKeyFile: file('token-key.pem'),
    adminKeyFile: file('admin-key'),
    adminKey: text('admin-key', random),
    playKey: text('play-key', () => `mk_${base32(randomBytes(32))}`),
    postgresPassword: text('postgres-password', random),
    redisPassword: text('redis-password', random),
    fleetSecret: (region) => text(`fleet-secret-${region}`, random),
  };
}

/** Written beside and renamed: a crash never leaves half a key behind. */
function writeWhole(file: string, content: string): void {
  writeFileSync(`${file}.new`, `${content.trim()}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** RFC 4648 base32 in lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[parseInt(five.padEnd(5, '0'), 2)]).join('');
}
