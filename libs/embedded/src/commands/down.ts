import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_DATA_DIR, dataDirAt } from '../layout.ts';
import { readOptions } from '../options.ts';
import { progressTo } from '../progress.ts';
import { endOurs, findOurs, sendSignal, startOf } from '../supervisor/our-processes.ts';
import { findRunning, unlockRun, type RunningUp } from '../supervisor/run-lock.ts';

const POLITE_MS = 25_000;

/** Ends the `up` of a data folder, or what a killed one left behind. */
export async function down(args: readonly string[]): Promise<number> {
  const { values } = readOptions({ args: [...args], options: { data: { type: 'string' } } });
  const folder = values.data ?? DEFAULT_DATA_DIR;
  const progress = progressTo(process.stdout);
  if (!existsSync(folder)) {
    progress.note(`there is no data folder ${folder}, so nothing runs on it`);
    return 0;
  }
  const data = dataDirAt(folder);
  const running = findRunning(data);
  if (running) await progress.step(`ended ${running.url}`, () => end(running));
  const left = await endOurs(() => findOurs(data));
  if (left > 0) progress.note(`ended ${left} processes that a killed run had left`);
  if (!running && left === 0) progress.note(`nothing runs on ${data.path}`);
  unlockRun(data);
  return 0;
}

async function end({ pid, processStart }: RunningUp): Promise<void> {
  sendSignal(pid, 'SIGTERM');
  const deadlineMs = performance.now() + POLITE_MS;
  while (startOf(pid) === processStart) {
    if (performance.now() > deadlineMs) sendSignal(pid, 'SIGKILL');
    await delay(50);
  }
}
