import pg from 'pg';
import { readMigrations } from './migration-files.ts';
import { NO_FILTER, withSchemaEngine } from './schema-engine.ts';

/** Any number that no other user of the database locks; "meridian" on a telephone keypad. */
const ADVISORY_LOCK = 63743426;
const LOCK_WAIT = '60s';

/**
 * Applies the migrations that the database does not have yet and answers with their names. Replicas that start at
 * once wait for one another, for a minute at most. Throws when the database does not answer or a migration fails;
 * a migration that failed before must be repaired by hand (`prisma migrate resolve`).
 */
export async function migrate(databaseUrl: string): Promise<readonly string[]> {
  const migrationsList = await readMigrations();
  return underLock(databaseUrl, () =>
    withSchemaEngine(databaseUrl, async (engine) => {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTER });
      return appliedMigrationNames;
    }),
  );
}

/** The lock goes with the connection: a replica that dies in the middle does not keep it. */
async function underLock<T>(databaseUrl: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(`SET lock_timeout = '${LOCK_WAIT}'`);
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    return await work();
  } finally {
    await client.end();
  }
}
