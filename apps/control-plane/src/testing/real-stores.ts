// A database and two Redis of its own for one test, on the servers that tests are given.
import { randomBytes } from 'node:crypto';
import { createLogger } from '@meridian/telemetry';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Config } from '../config.ts';
import { connectStores } from '../connect-stores.ts';
import type { Stores } from '../stores.ts';
import { testConfig } from './test-config.ts';

export interface RealStores {
  readonly config: Config;
  readonly stores: Stores;
  /** Once the stores are closed. */
  drop(): Promise<void>;
}

/** @param databases of Redis: a test that runs beside others has its own */
export async function openRealStores(databases: readonly [number, number]): Promise<RealStores> {
  const database = `control_plane_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${database}`);
  const redisUrls = databases.map((number) => new URL(`/${number}`, given('TEST_REDIS_URL')).href);
  await Promise.all(redisUrls.map(flush));
  const databaseUrl = new URL(`/${database}`, given('TEST_DATABASE_URL')).href;
  const base = testConfig({ roles: new Set(['api', 'jobs']), databaseUrl });
  const [first, second] = base.regions.map((region, i) => ({ ...region, redisUrl: redisUrls[i] ?? '' }));
  if (!first || !second) throw new Error('two regions were expected');
  const config = { ...base, regions: [first, second] as const };
  const stores = await connectStores(config, createLogger('test'));
  return { config, stores, drop: () => onServer(`DROP DATABASE ${database} WITH (FORCE)`) };
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name} to the URL of a server to test with`);
  return value;
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: given('TEST_DATABASE_URL') });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushdb();
  await redis.quit();
}
