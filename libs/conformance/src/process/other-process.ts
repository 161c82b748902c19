import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessControl } from './process-control.ts';

/** A worker that somebody else has started. */
export function otherProcess(pid: number): ProcessControl {
  return {
    terminate: () => process.kill(pid, 'SIGTERM'),
    get exited() {
      return gone(pid);
    },
  };
}

async function gone(pid: number): Promise<'unknown'> {
  while (isAlive(pid)) await delay(50, undefined, { ref: false });
  return 'unknown';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
