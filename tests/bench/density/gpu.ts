import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const SAMPLE_MS = 500;

/** Percent of the time that the first GPU was busy while `work` ran; undefined without nvidia-smi. */
export async function gpuShareDuring<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly gpuPercent: number | undefined }> {
  const samples: number[] = [];
  const timer = setInterval(() => {
    void busyPercent().then((percent) => {
      if (percent !== undefined) samples.push(percent);
    });
  }, SAMPLE_MS);
  try {
    const result = await work();
    const sum = samples.reduce((total, sample) => total + sample, 0);
    return { result, gpuPercent: samples.length === 0 ? undefined : sum / samples.length };
  } finally {
    clearInterval(timer);
  }
}

/** The GPU's name; undefined without one. */
export const gpuName = (): Promise<string | undefined> => query('name');

async function busyPercent(): Promise<number | undefined> {
  const text = await query('utilization.gpu');
  return text === undefined ? undefined : Number(text);
}

async function query(field: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [
      `--query-gpu=${field}`,
      '--format=csv,noheader,nounits',
    ]);
    return stdout.split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}
