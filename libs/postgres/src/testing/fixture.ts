import { PostgresPairings } from '../postgres-pairings.ts';
import { PostgresQueueRecord } from '../postgres-queue-record.ts';
import { PrismaModelCatalog } from '../prisma-model-catalog.ts';
import { PrismaModelPolicies } from '../prisma-model-policies.ts';
import { PrismaSessionRepository } from '../prisma-session-repository.ts';
import { PrismaTenantRepository } from '../prisma-tenant-repository.ts';
import { PrismaUsageRepository } from '../prisma-usage-repository.ts';
import { PostgresAuditLog } from '../postgres-audit-log.ts';
import { PostgresDemandHistory } from '../postgres-demand-history.ts';
import { Database } from '../database.ts';
import { migrate } from '../migrate/migrate.ts';
import { createScratchDatabase } from '../migrate/scratch-database.ts';

export interface RecordFixture {
  readonly url: string;
  readonly database: Database;
  readonly sessions: PrismaSessionRepository;
  readonly usage: PrismaUsageRepository;
  readonly tenants: PrismaTenantRepository;
  readonly models: PrismaModelCatalog;
  readonly policies: PrismaModelPolicies;
  readonly queue: PostgresQueueRecord;
  readonly audit: PostgresAuditLog;
  readonly demand: PostgresDemandHistory;
  readonly pairings: PostgresPairings;
  /** Empties every table. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

/** A migrated database of its own on the server at `TEST_DATABASE_URL`. */
export async function openRecord(): Promise<RecordFixture> {
  const { url, drop } = await createScratchDatabase(testDatabaseUrl());
  await migrate(url);
  const database = new Database({ url });
  return {
    url,
    database,
    sessions: new PrismaSessionRepository(database),
    usage: new PrismaUsageRepository(database),
    tenants: new PrismaTenantRepository(database),
    models: new PrismaModelCatalog(database),
    policies: new PrismaModelPolicies(database),
    queue: new PostgresQueueRecord(database),
    audit: new PostgresAuditLog(database),
    demand: new PostgresDemandHistory(database),
    pairings: new PostgresPairings(database),
    clear: async () => {
      await database.query(
        'TRUNCATE tenants, rates, model_versions, worker_uptime, model_policies, pool_demand, audit_log CASCADE',
      );
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
