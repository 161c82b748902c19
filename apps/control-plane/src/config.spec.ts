import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'meridian-config-'));
const regionsFile = join(folder, 'regions.json');
const keyFile = join(folder, 'token.pem');
const gateway = (port: number) => ({ url: `http://127.0.0.1:${port}`, grpc: `127.0.0.1:${port + 1}` });
const region = (id: string, port: number) => ({
  id,
  jurisdiction: id.slice(0, 2),
  name: id,
  gateways: [gateway(port)],
});

const env = (over: Record<string, string> = {}): Record<string, string> => ({
  DATABASE_URL: 'postgresql://u:p@127.0.0.1:5432/meridian',
  REGIONS_FILE: regionsFile,
  TOKEN_PRIVATE_KEY_FILE: keyFile,
  ADMIN_KEY: 'a'.repeat(32),
  REDIS_URL_US_EAST: 'redis://127.0.0.1:6379',
  REDIS_URL_EU_WEST: 'redis://127.0.0.1:6380',
  FLEET_SECRET_US_EAST: 'b'.repeat(32),
  FLEET_SECRET_EU_WEST: 'c'.repeat(32),
  ...over,
});

beforeAll(() => {
  writeFileSync(regionsFile, JSON.stringify([region('us-east', 4410), region('eu-west', 4420)]));
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('readConfig', () => {
  it('reads regions with their stores and secrets, and defaults', () => {
    const config = readConfig(env());
    expect(config.regions.map(({ id, redisUrl }) => [id, redisUrl])).toEqual([
      ['us-east', 'redis://127.0.0.1:6379'],
      ['eu-west', 'redis://127.0.0.1:6380'],
    ]);
    expect(config).toMatchObject({
      port: 4400,
      grpcPort: 4401,
      limits: { claimTtlMs: 60_000, workerSilentMs: 2_500 },
    });
    expect(config.roles).toEqual(new Set(['api', 'jobs']));
    expect(config.defaultRate).toEqual({ nanoPerGpuHour: 2_400_000_000n, currency: 'GBP' });
  });

  it('takes where people reach the page, and which proxies are believed', () => {
    const proxies = { TRUSTED_PROXIES: '10.0.0.0/8, ::1' };
    expect(readConfig(env({ PUBLIC_URL: 'https://play.example.org/start', ...proxies }))).toMatchObject({
      publicUrl: 'https://play.example.org',
      trustedProxies: ['10.0.0.0/8', '::1'],
    });
  });

  it('lets webhooks reach private addresses only when it is told to', () => {
    expect(readConfig(env({})).webhookAllowPrivate).toBe(false);
    expect(readConfig(env({ WEBHOOK_ALLOW_PRIVATE: '1' })).webhookAllowPrivate).toBe(true);
  });

  it('takes where a region lies, and refuses what is no place on earth', () => {
    const file = join(folder, 'located.json');
    const located = (latitude: number) => {
      const here = { ...region('us-east', 4410), location: { latitude, longitude: -77.49 } };
      writeFileSync(file, JSON.stringify([here, region('eu-west', 4420)]));
      return readConfig(env({ REGIONS_FILE: file })).regions.map(({ location }) => location);
    };
    expect(located(39.04)).toEqual([{ latitude: 39.04, longitude: -77.49 }, undefined]);
    expect(() => located(139)).toThrow('REGIONS_FILE is not valid at 0.location.latitude');
  });

  const withGateways = (...lists: readonly (readonly object[])[]) => {
    const file = join(folder, 'gateways.json');
    const regions = [region('us-east', 4410), region('eu-west', 4420)];
    writeFileSync(file, JSON.stringify(regions.map((each, index) => ({ ...each, gateways: lists[index] }))));
    return readConfig(env({ REGIONS_FILE: file })).regions.map(({ gateways }) => gateways);
  };

  it('takes several gateways a region', () => {
    const lists = [[gateway(4410), gateway(4412)], [gateway(4420)]];
    expect(withGateways(...lists)).toEqual(lists);
  });

  it.each([
    ['no gateway', [], 'REGIONS_FILE is not valid at 0.gateways'],
    [
      'too many',
      Array.from({ length: 17 }, (_unused, i) => gateway(5_000 + 2 * i)),
      'at 0.gateways (at most 16)',
    ],
    ['an address that is none', [{ url: 'ftp://x', grpc: '127.0.0.1:1' }], 'at 0.gateways.0.url'],
    ['a gRPC address without a port', [{ url: 'http://x', grpc: '127.0.0.1' }], 'at 0.gateways.0.grpc'],
    ['one gateway twice', [gateway(4410), gateway(4410)], 'lists the gateway http://127.0.0.1:4410/ twice'],
    ["another region's gateway", [gateway(4420)], 'lists the gateway http://127.0.0.1:4420/ twice'],
  ])('refuses %s', (_what, list, sentence) => {
    expect(() => withGateways(list, [gateway(4420)])).toThrow(sentence);
  });

  it.each([
    [
      { ROLES: 'api,cook' },
      'ROLES is "api,cook"; set it to a list of roles out of api and jobs, such as api,jobs.',
    ],
    [{ REDIS_URL_EU_WEST: '' }, 'REDIS_URL_EU_WEST is not set; set it to the URL of the Redis of the region'],
    [
      { FLEET_SECRET_US_EAST: 'short' },
      'FLEET_SECRET_US_EAST is not valid; set it to a secret of at least 32',
    ],
    [{ FLEET_SECRET_EU_WEST: 'b'.repeat(32) }, "FLEET_SECRET_EU_WEST is another region's secret too"],
    [{ REGIONS_FILE: join(folder, 'none.json') }, 'cannot be read; set it to a file'],
    [{ REGIONS_FILE: keyFile }, 'REGIONS_FILE is not JSON'],
    [{ TOKEN_PRIVATE_KEY_FILE: regionsFile }, 'holds no Ed25519 private key'],
    [{ PLAY_API_KEY: 'mk_short' }, 'PLAY_API_KEY is not valid'],
    [{ PUBLIC_URL: 'play.example.org' }, 'PUBLIC_URL is not valid; set it to the address at which'],
    [
      { TRUSTED_PROXIES: '10.0.0.0/8,proxy' },
      'TRUSTED_PROXIES is "10.0.0.0/8,proxy"; set it to a list of addresses',
    ],
    [{ WEBHOOK_ALLOW_PRIVATE: 'yes' }, 'WEBHOOK_ALLOW_PRIVATE is "yes"; set it to 1 to let webhooks reach'],
    [{ CLAIM_TTL_MS: '0' }, 'CLAIM_TTL_MS is "0"; set it to a whole number of milliseconds above 0.'],
  ])('says what to fix: %j', (over, sentence) => {
    expect(() => readConfig(env(over))).toThrow(sentence);
  });
});
