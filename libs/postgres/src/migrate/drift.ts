import { migrate } from './migrate.ts';
import { readSchema } from './migration-files.ts';
import { NO_FILTER, withSchemaEngine } from './schema-engine.ts';
import { createScratchDatabase } from './scratch-database.ts';

/**
 * The SQL that would bring what the migrations make to what schema.prisma says; undefined when they agree. Plays the
 * migrations into a database of its own, so the user of the URL must be allowed to create one.
 */
export async function findDrift(databaseUrl: string): Promise<string | undefined> {
  const schema = await readSchema();
  const scratch = await createScratchDatabase(databaseUrl);
  try {
    await migrate(scratch.url);
    const { exitCode, stdout } = await withSchemaEngine(scratch.url, (engine) =>
      engine.diff({
        from: { tag: 'schemaDatasource', ...schema },
        to: { tag: 'schemaDatamodel', ...schema },
        script: true,
        exitCode: true,
        filters: NO_FILTER,
      }),
    );
    return exitCode === 0 ? undefined : (stdout ?? 'they differ');
  } finally {
    await scratch.drop();
  }
}
