import { mkdirSync, realpathSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { Problem } from './problem.ts';

/** The repository's root. */
export const ROOT = path.resolve(import.meta.dirname, '../../..');

export const inRoot = (...parts: readonly string[]): string => path.join(ROOT, ...parts);

export const bin = (name: string): string => inRoot('node_modules', '.bin', name);

/** Downloads that every data folder uses. */
export const TOOLS_DIR = inRoot('.meridian', 'tools');

export const DEFAULT_DATA_DIR = inRoot('.meridian');

/** Where one system keeps everything that it writes. */
export interface DataDir {
  readonly path: string;
  readonly postgres: string;
  readonly redis: string;
  readonly secrets: string;
  readonly logs: string;
  readonly run: string;
}

const LEAST_FREE_BYTES = 300 * 1024 * 1024;

/** The layout of a folder that exists; nothing is made or checked. */
export function dataDirAt(folder: string): DataDir {
  const dir = realpathSync(folder);
  return {
    path: dir,
    postgres: path.join(dir, 'postgres'),
    redis: path.join(dir, 'redis'),
    secrets: path.join(dir, 'secrets'),
    logs: path.join(dir, 'logs'),
    run: path.join(dir, 'run'),
  };
}

/** Makes what is missing. A `Problem` when the disk is too full to start on. */
export function openDataDir(folder: string): DataDir {
  mkdirSync(folder, { recursive: true });
  const data = dataDirAt(folder);
  const { bavail, bsize } = statfsSync(data.path);
  if (bavail * bsize < LEAST_FREE_BYTES) {
    const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
    throw new Problem(`The disk of ${data.path} is full (${freeMb} MB free); free 1 GB and run this again.`);
  }
  for (const each of [data.redis, data.logs, data.run]) mkdirSync(each, { recursive: true });
  mkdirSync(data.secrets, { recursive: true, mode: 0o700 });
  return data;
}
