// Every process that a run starts carries a mark in its environment, and so do the processes that those start.
// So whatever is left of a run that was killed can be found and ended, without trusting old pid files.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const MARK = 'MERIDIAN_DATA_DIR';
const POLL_MS = 25;
/** They write their title over their environment, but work in a folder of their own. */
const STORES = ['postgres', 'valkey-server', 'redis-server'];

export interface OurProcess {
  readonly pid: number;
  readonly isPostgres: boolean;
}

/** A data folder, by its real path. */
export interface Folder {
  readonly path: string;
}

export const markOf = (data: Folder): NodeJS.ProcessEnv => ({ [MARK]: data.path });

/** Living processes of the run on this data folder, and of runs before it. */
export function findOurs(data: Folder): readonly OurProcess[] {
  return process.platform === 'linux' ? fromProc(data) : fromPs(data);
}

function fromProc(data: Folder): OurProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const environment = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8')).split('\0');
      const name = read(() => readFileSync(`/proc/${pid}/comm`, 'utf8')).trim();
      const folder = read(() => readlinkSync(`/proc/${pid}/cwd`));
      const ours =
        environment.includes(`${MARK}=${data.path}`) || (STORES.includes(name) && isIn(data, folder));
      return ours ? [{ pid: Number(pid), isPostgres: name === 'postgres' }] : [];
    });
}

const isIn = (data: Folder, folder: string): boolean => folder.startsWith(`${data.path}/`);

/** macOS: `ps -E` shows the environment behind the command, and PostgreSQL is started with its folder's name. */
function fromPs(data: Folder): OurProcess[] {
  const lines = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, command = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    const ours = `${command} `.includes(` ${MARK}=${data.path} `) || command.includes(` ${data.path}/`);
    return pid !== undefined && ours
      ? [{ pid: Number(pid), isPostgres: /(^|\/)postgres( |:)/.test(command) }]
      : [];
  });
}

/** Processes end while we look at them; one that is gone, or another user's, reads as empty. */
function read(text: () => string): string {
  try {
    return text();
  } catch {
    return '';
  }
}

/**
 * Ends what `which` finds, politely and after `graceMs` by force, and answers with how many there were.
 * PostgreSQL gets SIGINT: on SIGTERM it would wait for its clients.
 */
export async function endOurs(which: () => readonly OurProcess[], graceMs = 4_000): Promise<number> {
  const found = which();
  for (const { pid, isPostgres } of found) sendSignal(pid, isPostgres ? 'SIGINT' : 'SIGTERM');
  const forceAtMs = performance.now() + graceMs;
  for (let left = which(); left.length > 0; left = which()) {
    if (performance.now() > forceAtMs) for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    await delay(POLL_MS);
  }
  return found.length;
}

/** A negative pid means the process group. False: there is no such process. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** When a process started, as text that tells it from a later one with the same pid; undefined when there is none. */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // Field 22, counted behind the command name, which may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  const started = read(() =>
    execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }),
  ).trim();
  return started === '' ? undefined : started;
}
