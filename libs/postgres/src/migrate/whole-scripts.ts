import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import type {
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';

/**
 * Prisma's adapter, but a migration script goes to the server in one piece: the original cuts it at every semicolon,
 * also within functions and comments, and spreads the pieces over a pool. In one piece Postgres runs it as one
 * transaction, so a migration that fails leaves nothing behind.
 */
export function wholeScripts(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const chars = passInternalChars(pool);
  const factory = new PrismaPg(pool);
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    connect: async () => {
      const adapter = await factory.connect();
      const queryRaw = adapter.queryRaw.bind(adapter);
      return Object.assign(adapter, {
        executeScript: (script: string) => execute(pool, script),
        queryRaw: (query: SqlQuery) => queryRaw(query).then((result) => withChars(result, chars)),
      });
    },
  };
}

async function execute(pool: pg.Pool, script: string): Promise<void> {
  try {
    await pool.query(script);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new DriverAdapterError({
      kind: 'postgres',
      code: error.code ?? '',
      severity: error.severity ?? 'ERROR',
      message: error.message,
      detail: error.detail,
      column: error.column,
      hint: error.hint,
    });
  }
}

const CHAR = 18;
const TEXT = 25;

/**
 * When the engine reads a schema it asks the catalogue for columns of the internal type "char", which the original
 * adapter refuses. They pass it as text here; answers with their names.
 */
function passInternalChars(pool: pg.Pool): ReadonlySet<string> {
  const names = new Set<string>();
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>;
  Object.assign(pool, {
    query: async (...args: unknown[]) => {
      const result = await query(...args);
      for (const field of result.fields ?? []) {
        if (field.dataTypeID !== CHAR) continue;
        field.dataTypeID = TEXT;
        names.add(field.name);
      }
      return result;
    },
  });
  return names;
}

const withChars = (result: SqlResultSet, chars: ReadonlySet<string>): SqlResultSet => ({
  ...result,
  columnTypes: result.columnTypes.map((type, i) =>
    chars.has(result.columnNames[i] ?? '') ? ColumnTypeEnum.Character : type,
  ),
});
