import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DataDir } from '../layout.ts';
import { hasCode } from '../problem.ts';
import { startOf } from './our-processes.ts';

/** What a running `up` says of itself in `run/up.json`. */
export interface RunningUp {
  readonly pid: number;
  readonly processStart: string;
  readonly url: string;
}

const fileOf = (data: DataDir) => path.join(data.run, 'up.json');

/** The `up` that runs on this data folder; undefined when none does, also when the last one was killed. */
export function findRunning(data: DataDir): RunningUp | undefined {
  try {
    const claimed = JSON.parse(readFileSync(fileOf(data), 'utf8')) as RunningUp;
    return startOf(claimed.pid) === claimed.processStart ? claimed : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the data folder for this process; the `up` that has it when it is taken. */
export function lockRun(data: DataDir, url: string): RunningUp | undefined {
  const own = JSON.stringify({ pid: process.pid, processStart: startOf(process.pid) ?? '', url });
  for (;;) {
    try {
      writeFileSync(fileOf(data), own, { flag: 'wx' });
      return undefined;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const running = findRunning(data);
    if (running) return running;
    rmSync(fileOf(data), { force: true });
  }
}

export const unlockRun = (data: DataDir): void => rmSync(fileOf(data), { force: true });
