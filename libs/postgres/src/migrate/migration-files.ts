import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { MigrationList, SchemasWithConfigDir } from '@prisma/schema-engine-wasm/schema_engine_bg';

/** The folder `prisma/` of the repository; the same path from src/migrate and from dist/migrate. */
const PRISMA = new URL('../../../../prisma/', import.meta.url);
const MIGRATIONS = new URL('migrations/', PRISMA);

export async function readMigrations(): Promise<MigrationList> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  return {
    baseDir: fileURLToPath(MIGRATIONS),
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(new URL('migration_lock.toml', MIGRATIONS), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.map(readMigration)),
  };
}

async function readMigration(name: string): Promise<MigrationList['migrationDirectories'][number]> {
  const content = await readFile(new URL(`${name}/migration.sql`, MIGRATIONS), 'utf8');
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: content } } };
}

export async function readSchema(): Promise<SchemasWithConfigDir> {
  const content = await readFile(new URL('schema.prisma', PRISMA), 'utf8');
  return { files: [{ path: 'schema.prisma', content }], configDir: fileURLToPath(PRISMA) };
}
