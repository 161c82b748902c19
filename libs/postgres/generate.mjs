// Makes src/generated from prisma/schema.prisma, offline. The generator itself is WebAssembly, but Prisma's command
// would first fetch a native schema engine, which nothing here runs: any file that exists, named as that engine, keeps
// it from trying.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

const here = import.meta.dirname;
const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
const schema = path.join(here, '..', '..', 'prisma', 'schema.prisma');
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [prisma, 'generate', '--schema', schema, '--no-hints'],
  {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  },
);
if (status !== 0) process.stderr.write(`${stdout}${stderr}`);
process.exitCode = status ?? 1;
