// Prisma's schema engine as WebAssembly: it applies migrations and compares schemas with no binary to download, and
// fills `_prisma_migrations` as `prisma migrate deploy` would. Loaded by hand, since importing a .wasm file is still
// an experiment of Node's.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { wholeScripts } from './whole-scripts.ts';

/** The little of it that is used here; TypeScript knows it only together with the whole DOM. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

const BINDINGS = '@prisma/schema-engine-wasm/schema_engine_bg';

/** The engine bounds its own lock by a timer of 10 s that it never clears; that must not keep the process. */
const imports = Object.fromEntries(
  Object.entries(bindings).map(([name, value]) => [
    name,
    name.startsWith('__wbg_setTimeout_')
      ? (call: () => void, ms: number) => setTimeout(call, ms).unref()
      : value,
  ]),
);

async function instantiate(): Promise<void> {
  const file = createRequire(import.meta.url)
    .resolve(BINDINGS)
    .replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(await readFile(file), {
    './schema_engine_bg.js': imports,
  });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
}

let instantiated: Promise<void> | undefined;

/** Runs `use` with an engine on the database. Its answers and errors are Prisma's, such as P3009 or P3018. */
export async function withSchemaEngine<T>(
  databaseUrl: string,
  use: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  await (instantiated ??= instantiate());
  const pool = new pg.Pool({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000, max: 2 });
  pool.on('error', () => undefined);
  const adapter = bindMigrationAwareSqlAdapterFactory(wholeScripts(pool));
  const engine = await bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
  try {
    return await use(engine);
  } finally {
    engine.free();
    await pool.end();
  }
}

/** No table is left out of what the engine does. */
export const NO_FILTER = { externalTables: [], externalEnums: [] };
