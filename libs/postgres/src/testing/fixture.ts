import type { BillingStores, Clock } from '@meridian/application';
import { LATER_MS } from '@meridian/testkit';
import { PostgresPairings } from '../postgres-pairings.ts';
import { PostgresQueueRecord } from '../postgres-queue-record.ts';
import { PrismaModelCatalog } from '../prisma-model-catalog.ts';
import { PrismaModelPolicies } from '../prisma-model-policies.ts';
import { PrismaSessionRepository } from '../prisma-session-repository.ts';
import { PrismaTenantRepository } from '../prisma-tenant-repository.ts';
import { PostgresGpuHours } from '../idle/postgres-gpu-hours.ts';
import { PostgresSetAside } from '../metering/postgres-set-aside.ts';
import { PostgresUsageHours } from '../metering/postgres-usage-hours.ts';
import { PrismaUsageRepository } from '../metering/prisma-usage-repository.ts';
import { PostgresAuditLog } from '../postgres-audit-log.ts';
import { PostgresDemandHistory } from '../postgres-demand-history.ts';
import { postgresBilling } from '../billing/postgres-billing.ts';
import { PostgresCreditHolds } from '../billing/postgres-credit-holds.ts';
import { Database } from '../database.ts';
import { migrate } from '../migrate/migrate.ts';
import { createScratchDatabase } from '../migrate/scratch-database.ts';
import { PostgresJobRuns } from '../jobs/postgres-job-runs.ts';
import { PostgresWebhooks } from '../webhooks/postgres-webhooks.ts';

export interface RecordFixture {
  readonly url: string;
  readonly database: Database;
  readonly sessions: PrismaSessionRepository;
  readonly usage: PrismaUsageRepository;
  readonly gpuHours: PostgresGpuHours;
  readonly usageHours: PostgresUsageHours;
  readonly setAside: PostgresSetAside;
  readonly tenants: PrismaTenantRepository;
  readonly models: PrismaModelCatalog;
  readonly policies: PrismaModelPolicies;
  readonly queue: PostgresQueueRecord;
  readonly audit: PostgresAuditLog;
  readonly demand: PostgresDemandHistory;
  readonly pairings: PostgresPairings;
  readonly webhooks: PostgresWebhooks;
  readonly jobRuns: PostgresJobRuns;
  readonly credit: PostgresCreditHolds;
  readonly billing: BillingStores;
  /** Empties every table. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

const LATER: Clock = { nowMs: () => LATER_MS };

/**
 * Rows go one by one: a TRUNCATE of so many tables makes new files for each of them and their indexes, which takes
 * a second. As a replica's, so that neither foreign keys nor the triggers that keep rows are in the way.
 */
const CLEAR = `
  DO $$ DECLARE name text; BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR name IN SELECT relname FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname <> '_prisma_migrations'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
  END $$`;

/** A migrated database of its own on the server at `TEST_DATABASE_URL`. */
export async function openRecord(): Promise<RecordFixture> {
  const { url, drop } = await createScratchDatabase(testDatabaseUrl());
  await migrate(url);
  const database = new Database({ url });
  return {
    url,
    database,
    sessions: new PrismaSessionRepository(database, LATER),
    usage: new PrismaUsageRepository(database, LATER),
    gpuHours: new PostgresGpuHours(database),
    usageHours: new PostgresUsageHours(database),
    setAside: new PostgresSetAside(database, LATER),
    tenants: new PrismaTenantRepository(database),
    models: new PrismaModelCatalog(database),
    policies: new PrismaModelPolicies(database),
    queue: new PostgresQueueRecord(database),
    audit: new PostgresAuditLog(database),
    demand: new PostgresDemandHistory(database),
    pairings: new PostgresPairings(database),
    webhooks: new PostgresWebhooks(database),
    jobRuns: new PostgresJobRuns(database),
    credit: new PostgresCreditHolds(database),
    billing: postgresBilling(database),
    clear: async () => {
      await database.query(CLEAR);
    },
    drop: async () => {
      await database.close();
      await drop();
    },
  };
}

export function testDatabaseUrl(): string {
  const url = process.env['TEST_DATABASE_URL'];
  if (url === undefined)
    throw new Error('set TEST_DATABASE_URL to a superuser URL of a Postgres to test with');
  return url;
}
