import { setTimeout as delay } from 'node:timers/promises';
import {
  Database,
  PostgresAuditLog,
  PostgresDemandHistory,
  PostgresCreditHolds,
  PostgresGpuHours,
  PostgresJobRuns,
  PostgresPairings,
  PostgresQueueRecord,
  PostgresSessionSignals,
  PostgresSetAside,
  PostgresUsageHours,
  PostgresWebhooks,
  PrismaModelCatalog,
  PrismaModelPolicies,
  PrismaSessionRepository,
  PrismaTenantRepository,
  PrismaUsageRepository,
  migrate,
  postgresBilling,
} from '@meridian/postgres';
import {
  RedisLeaseStore,
  RedisLiveMeters,
  RedisWorkerRegistry,
  RegionRedises,
  connectRedis,
  whenReady,
} from '@meridian/redis';
import type { Logger } from '@meridian/telemetry';
import type { Config } from './config.ts';
import type { Stores } from './stores.ts';

const MIGRATE_RETRY_MS = 1_000;
const REDIS_WAIT_MS = 1_000;

/**
 * Connects to PostgreSQL and to every region's Redis. PostgreSQL is waited for, since its tables may have to be made;
 * a Redis that is away is not, for its region alone cannot be placed in until it is back.
 */
export async function connectStores(config: Config, logger: Logger): Promise<Stores> {
  await migrateWhenThere(config.databaseUrl, logger);
  const onError = (error: Error) => logger.debug({ err: error }, 'idle connection to PostgreSQL lost');
  const database = new Database({ url: config.databaseUrl, onError });
  const signals = new PostgresSessionSignals({ url: config.databaseUrl, onError });
  const connections = config.regions.map(({ id, jurisdiction, redisUrl }) => ({
    region: id,
    jurisdiction,
    connection: connectRedis(redisUrl, (error) => logger.debug({ err: error, region: id }, 'Redis error')),
  }));
  await Promise.all(connections.map(({ connection }) => whenReady(connection, REDIS_WAIT_MS)));
  const redises = new RegionRedises(connections);
  const staleMs = config.limits.workerSilentMs;
  return {
    sessions: new PrismaSessionRepository(database),
    signals,
    tenants: new PrismaTenantRepository(database),
    gpuHours: new PostgresGpuHours(database),
    usage: new PrismaUsageRepository(database),
    usageHours: new PostgresUsageHours(database),
    setAside: new PostgresSetAside(database),
    models: new PrismaModelCatalog(database),
    modelPolicies: new PrismaModelPolicies(database),
    queueRecord: new PostgresQueueRecord(database),
    audit: new PostgresAuditLog(database),
    demandHistory: new PostgresDemandHistory(database),
    pairings: new PostgresPairings(database),
    webhooks: new PostgresWebhooks(database),
    creditHolds: new PostgresCreditHolds(database),
    jobRuns: new PostgresJobRuns(database),
    ...postgresBilling(database),
    registry: new RedisWorkerRegistry(redises, { staleMs }),
    leases: new RedisLeaseStore(redises, staleMs),
    meters: new RedisLiveMeters(redises),
    recordAnswers: () => database.answers(),
    regionAnswers: (region) => redises.answers(region),
    close: async () => {
      redises.close();
      await Promise.all([signals.close(), database.close()]);
    },
  };
}

/** A server that is still starting, or away, is asked again until it is there. */
async function migrateWhenThere(databaseUrl: string, logger: Logger): Promise<void> {
  for (;;) {
    try {
      const applied = await migrate(databaseUrl);
      if (applied.length > 0) logger.info({ applied }, 'migrations applied');
      return;
    } catch (error) {
      if (!isAway(error)) throw error;
      logger.warn({ err: error }, 'PostgreSQL does not answer; trying again');
      await delay(MIGRATE_RETRY_MS);
    }
  }
}

const AWAY = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|57P0[123])$/;

const isAway = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && AWAY.test(String(error.code))) ||
    /timeout exceeded|Connection terminated/.test(error.message));
