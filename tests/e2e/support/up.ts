// `./meridian up` as a child process, to be killed as an operator or the kernel would.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Up {
  readonly pid: number;
  /** Resolves with the exit code; null after a signal. */
  readonly exited: Promise<number | null>;
  output(): string;
}

const MAIN = path.resolve(import.meta.dirname, '../../../libs/embedded/src/main.ts');

/** Resolves when it says that it is up; rejects with what it said when it ends before. */
export function startUp(folder: string, portBase: number): Promise<Up> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    MAIN,
    'up',
    '--data',
    folder,
    '--port-base',
    String(portBase),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    const take = (text: string) => {
      output += text;
      if (output.includes('Meridian is up')) resolve({ pid: child.pid ?? NaN, exited, output: () => output });
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    void exited.then((code) => reject(new Error(`\`up\` ended with ${code}:\n${output}`)));
  });
}

/** Pids of the processes that run in a data folder, by name. */
export const pidsIn = (folder: string): Record<string, number> =>
  JSON.parse(readFileSync(path.join(folder, 'run', 'pids.json'), 'utf8')) as Record<string, number>;
