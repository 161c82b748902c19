// Which cores the worker gets and which are left for everybody else. Linux only; elsewhere nothing is pinned.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

export interface Cores {
  /** As taskset takes them: "1" or "1-4". */
  readonly worker: string;
  readonly others: string;
}

/** The last `count` cores for the worker; undefined when nothing can be pinned, or none would be left for the players. */
export function coresFor(count: number): Cores | undefined {
  const all = cpus().length;
  if (count >= all || !hasTaskset()) return undefined;
  return { worker: range(all - count, all - 1), others: range(0, all - count - 1) };
}

/** Moves a process with all its threads. */
export function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}

const range = (first: number, last: number): string => (first === last ? `${first}` : `${first}-${last}`);

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
