import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { testDatabaseUrl } from '../testing/fixture.ts';
import { findDrift } from './drift.ts';
import { migrate } from './migrate.ts';
import { readMigrations } from './migration-files.ts';
import { createScratchDatabase } from './scratch-database.ts';
import type { ScratchDatabase } from './scratch-database.ts';
import { withSchemaEngine } from './schema-engine.ts';

describe('migrate', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;
  beforeEach(async () => {
    scratch = await createScratchDatabase(testDatabaseUrl());
    client = new pg.Client({ connectionString: scratch.url });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await scratch.drop();
  });

  it('applies each migration once, though replicas start together', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrate(scratch.url)));
    const all = (await readMigrations()).migrationDirectories.map(({ path }) => path);
    expect(applied.flat()).toEqual(all);
    expect(await migrate(scratch.url)).toEqual([]);
    const { rows } = await client.query(
      'SELECT migration_name, finished_at FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows).toEqual(all.map((name) => ({ migration_name: name, finished_at: expect.any(Date) })));
  });

  it('makes what schema.prisma says', async () => {
    expect(await findDrift(testDatabaseUrl())).toBeUndefined();
  });

  it('brings a database of the first release on: its open sessions are counted, their models known', async () => {
    const [first = '', ...rest] = (await readMigrations()).migrationDirectories.map(scriptOf);
    await client.query(first);
    await client.query(`INSERT INTO tenants VALUES ('t', 'T', 9, now()), ('u', 'U', 9, now())`);
    const folded = (metadata: object) => JSON.stringify({ request: { model: 'gallery', metadata } });
    const add = (id: string, state: string, metadata = {}) =>
      client.query(
        `INSERT INTO sessions VALUES ($1, 't', $2, 1, 1, now(), now(), CASE $2 WHEN 'ended' THEN now() END, $3)`,
        [id, state, folded(metadata)],
      );
    await add('active', 'active');
    await add('strange', 'queued', { nul: '\u0000' });
    await add('over', 'ended');
    for (const script of rest) await client.query(script);
    const tenants = await client.query('SELECT tenant_id, open_sessions FROM tenants ORDER BY tenant_id');
    expect(tenants.rows).toEqual([
      { tenant_id: 't', open_sessions: 2 },
      { tenant_id: 'u', open_sessions: 0 },
    ]);
    const sessions = await client.query('SELECT session_id, model, width FROM sessions ORDER BY session_id');
    expect(sessions.rows).toEqual([
      { session_id: 'active', model: 'gallery', width: 1 },
      { session_id: 'over', model: 'gallery', width: 1 },
      { session_id: 'strange', model: '', width: 1 },
    ]);
  });

  it('runs a script as one transaction, with semicolons wherever they are', async () => {
    const baseDir = 'nowhere';
    const content = `CREATE TABLE kept (note text DEFAULT 'a;b'); -- one; two
      CREATE TABLE lost (id int); SELECT 1 / 0;`;
    const migration = {
      path: '0001_broken',
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: content } },
    };
    const migrationsList = {
      baseDir,
      lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
      shadowDbInitScript: '',
      migrationDirectories: [migration],
    };
    const filters = { externalTables: [], externalEnums: [] };
    const broken = withSchemaEngine(scratch.url, (engine) =>
      engine.applyMigrations({ migrationsList, filters }),
    );
    await expect(broken).rejects.toThrow('division by zero');
    const { rows } = await client.query(`SELECT to_regclass('kept') AS kept`);
    expect(rows).toEqual([{ kept: null }]);
  });

  it('leaves rows that say what was as they are', async () => {
    await migrate(scratch.url);
    await client.query(
      `INSERT INTO rates VALUES ('r', 'h100', NULL, 'GBP', 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
    );
    await expect(client.query('UPDATE rates SET nano_per_gpu_hour = 2')).rejects.toThrow('never changed');
    await expect(client.query('DELETE FROM rates')).rejects.toThrow('never changed');
  });
});

function scriptOf({ path, migrationFile: { content } }: Migrations[number]): string {
  if (content.tag !== 'ok') throw new Error(`migration ${path} cannot be read`);
  return content.value;
}

type Migrations = Awaited<ReturnType<typeof readMigrations>>['migrationDirectories'];
