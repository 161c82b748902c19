// P1. A virtual environment is what its lock files say: it is made anew when their bytes change.
// P2. The stamp is written last, so that a half-made environment has none.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TOOLS_DIR } from '../layout.ts';
import { Problem } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { mustRun, runCommand } from '../run-command.ts';
import { findPython } from './find-python.ts';

export interface VenvOptions {
  /** The folder below `.meridian/tools`. */
  readonly name: string;
  /** Files of pinned requirements, as `pip freeze` writes them. */
  readonly locks: readonly string[];
  readonly progress: Progress;
}

/** The Python of a virtual environment that holds what the lock files name, and nothing else. */
export async function pythonVenv({ name, locks, progress }: VenvOptions): Promise<string> {
  const folder = path.join(TOOLS_DIR, name);
  const python = path.join(folder, 'bin', 'python');
  const stamp = path.join(folder, '.locks');
  const wanted = digestOf(locks);
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const system = await findPython(progress);
  progress.note(`making the Python environment ${name}`);
  mkdirSync(TOOLS_DIR, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  await mustRun('Python could not make a virtual environment:', system, ['-m', 'venv', folder]);
  await install(python, locks);
  writeFileSync(stamp, wanted);
  return python;
}

async function install(python: string, locks: readonly string[]): Promise<void> {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  const files = locks.flatMap((lock) => ['--requirement', lock]);
  await mustRun('pip could not install the pinned packages:', python, [...args, ...files]);
  const { code, output } = await runCommand(python, ['-m', 'pip', 'check', '--disable-pip-version-check']);
  if (code !== 0) throw new Problem(`The lock files do not hold together: ${output.trim()}`);
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}
