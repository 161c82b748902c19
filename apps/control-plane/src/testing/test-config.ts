import { generateKeyPairSync } from 'node:crypto';
import { EU_WEST, US_EAST } from '@meridian/testkit';
import type { Config, Region } from '../config.ts';

export const ADMIN_KEY = 'admin-key-of-a-test-0123456789abcdef';
export const SECRETS = { us: 'secret-of-us-east-0123456789abcdef', eu: 'secret-of-eu-west-0123456789abcdef' };

const region = (over: Pick<Region, 'id' | 'jurisdiction' | 'name' | 'fleetSecret'>): Region => ({
  ...over,
  gateways: [
    { url: `http://${over.id}-1.example.org:4410`, grpc: `${over.id}-1.example.org:4411` },
    { url: `http://${over.id}-2.example.org:4410/`, grpc: `${over.id}-2.example.org:4411` },
  ],
  redisUrl: 'redis://127.0.0.1:1',
});

export const testConfig = (over: Partial<Config> = {}): Config => ({
  ...{
    host: '127.0.0.1',
    port: 0,
    grpcPort: 0,
    roles: new Set(['api'] as const),
    databaseUrl: 'postgresql://none',
  },
  regions: [
    region({ id: US_EAST, jurisdiction: 'us', name: 'US East', fleetSecret: SECRETS.us }),
    region({ id: EU_WEST, jurisdiction: 'eu', name: 'EU West', fleetSecret: SECRETS.eu }),
  ],
  tokenKey: generateKeyPairSync('ed25519').privateKey,
  adminKey: ADMIN_KEY,
  playApiKey: undefined,
  consoleDir: undefined,
  publicUrl: undefined,
  trustedProxies: undefined,
  webhookAllowPrivate: true,
  defaultRate: { nanoPerGpuHour: 2_400_000_000n, currency: 'GBP' },
  limits: {
    ...{ claimTtlMs: 60_000, holdMs: 30_000, idleMs: 300_000, maxDurationMs: 7_200_000, queueTtlMs: 600_000 },
    ...{
      heartbeatIntervalMs: 1_000,
      workerSilentMs: 2_500,
      flushIntervalMs: 5_000,
      workerBootMs: 300_000,
      creditSliceMs: 120_000,
    },
  },
  ...over,
});
