import { randomUUID } from 'node:crypto';
import pg from 'pg';

export interface ScratchDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database with a name of its own, on the server of the URL, whose user must be allowed to create one. */
export async function createScratchDatabase(databaseUrl: string): Promise<ScratchDatabase> {
  const name = `meridian_scratch_${randomUUID()}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  await command(databaseUrl, `CREATE DATABASE "${name}"`);
  return {
    url: url.href,
    drop: () => command(databaseUrl, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
  };
}

async function command(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
