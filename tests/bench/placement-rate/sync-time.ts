import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK = Buffer.alloc(16_384, 1);
const FILE_BLOCKS = 1_024;

/** Times of 200 writes of 16 kB into a file that is there already, each forced to the disk, ms: what a commit waits for. */
export async function syncTimesMs(folder: string): Promise<readonly number[]> {
  const file = path.join(folder, 'sync-time');
  const descriptor = openSync(file, 'w');
  for (let block = 0; block < FILE_BLOCKS; block += 1) writeSync(descriptor, BLOCK);
  fdatasyncSync(descriptor);
  const times: number[] = [];
  for (let block = 0; block < 200; block += 1) {
    const beganMs = performance.now();
    writeSync(descriptor, BLOCK, 0, BLOCK.length, block * BLOCK.length);
    fdatasyncSync(descriptor);
    times.push(performance.now() - beganMs);
    await delay(5);
  }
  closeSync(descriptor);
  rmSync(file);
  return times;
}
