import path from 'node:path';
import { expectInterrupt, onInterrupt } from '../interrupt.ts';
import { DEFAULT_DATA_DIR, inRoot } from '../layout.ts';
import { readUpOptions, type UpOptions } from '../options.ts';
import { progressTo, seconds, type Progress } from '../progress.ts';
import { startSystem, type System } from '../system/system.ts';

/** Starts everything and stays until it is told to stop. */
export async function up(args: readonly string[]): Promise<number> {
  const options = readUpOptions(args);
  const progress = progressTo(process.stdout);
  const system = await startSystem({ ...options, progress });
  expectInterrupt();
  onInterrupt({ end: () => stop(system, progress), force: () => system.kill() });
  await system.ready;
  process.stdout.write(greeting(system, options, progress.elapsedMs()));
  await system.failure.finally(() => stop(system, progress));
  return 1;
}

async function stop(system: System, progress: Progress): Promise<void> {
  progress.note('stopping');
  await system.stop();
  progress.note('everything is stopped');
}

function greeting({ url, data, secrets }: System, { folder }: UpOptions, elapsedMs: number): string {
  const short = (file: string) => {
    const relative = path.relative(process.cwd(), file);
    return relative.startsWith('.') ? file : `./${relative}`;
  };
  const where = folder === DEFAULT_DATA_DIR ? '' : ` --data ${short(data.path)}`;
  return [
    '',
    `Meridian is up after ${seconds(elapsedMs)}: ${url}/`,
    `  API reference  ${url}/reference`,
    `  admin key      in ${short(secrets.adminKeyFile)}`,
    `  logs           in ${short(data.logs)}/`,
    `Ctrl-C stops it, and so does \`${short(inRoot('meridian'))} down${where}\` in another terminal.`,
    '',
    '',
  ].join('\n');
}
