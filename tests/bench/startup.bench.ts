// How long `up` takes on an empty data folder, and on one that has data. Installing packages is not part of it.

import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { machineText, startSystem, freePortBase, progressTo, type BenchResult } from '@meridian/embedded';

const SECOND_RUNS = 3;

async function upMs(folder: string): Promise<number> {
  const portBase = await freePortBase();
  const beganMs = performance.now();
  const system = await startSystem({
    folder,
    portBase,
    workersPerRegion: 2,
    progress: progressTo(process.stderr),
  });
  await system.ready;
  const tookMs = performance.now() - beganMs;
  await system.stop();
  return tookMs;
}

export async function run(): Promise<BenchResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'meridian-bench-'));
  chmodSync(folder, 0o711);
  try {
    const firstMs = await upMs(folder);
    const againMs: number[] = [];
    for (let run = 0; run < SECOND_RUNS; run += 1) againMs.push(await upMs(folder));
    againMs.sort((a, b) => a - b);
    return {
      bench: 'startup',
      machine: machineText(),
      figures: [
        { name: 'up to ready, empty data folder', value: firstMs, unit: 'ms' },
        {
          name: 'up to ready, later run',
          value: againMs[1] ?? NaN,
          unit: 'ms',
          spread: [againMs[0] ?? NaN, againMs.at(-1) ?? NaN],
        },
      ],
      notShown: [
        'installing packages and the first build, which happen once',
        'a folder with months of data',
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
