// `node dist/migrate/main.js` applies migrations to DATABASE_URL; with `--drift` it only compares schema and
// migrations. Exit codes: 0 done or no drift, 1 failed or drift, 78 no DATABASE_URL.
import process from 'node:process';
import { findDrift } from './drift.ts';
import { migrate } from './migrate.ts';

async function main(databaseUrl: string, onlyDrift: boolean): Promise<number> {
  if (!onlyDrift) {
    for (const name of await migrate(databaseUrl)) process.stderr.write(`applied migration ${name}\n`);
    return 0;
  }
  const drift = await findDrift(databaseUrl);
  if (drift === undefined) return 0;
  process.stderr.write(
    `prisma/schema.prisma and prisma/migrations differ; a new migration would be:\n${drift}\n`,
  );
  return 1;
}

const databaseUrl = process.env['DATABASE_URL'];
if (databaseUrl === undefined || databaseUrl === '') {
  process.stderr.write('DATABASE_URL is not set: give the postgresql:// URL of the database.\n');
  process.exitCode = 78;
} else {
  try {
    process.exitCode = await main(databaseUrl, process.argv.includes('--drift'));
  } catch (error) {
    process.stderr.write(
      `The database could not be migrated: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
