import { parseArgs, type ParseArgsConfig } from 'node:util';
import { DEFAULT_DATA_DIR } from './layout.ts';
import { Problem } from './problem.ts';
import { MAX_WORKERS } from './system/ports.ts';
import { REGIONS } from './system/regions.ts';

/** Command line options as `node:util` knows them, with a `Problem` for what it does not know. */
export function readOptions<Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config);
  } catch (error) {
    const what = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new Problem(`${what}; \`./meridian help\` shows what each command takes.`);
  }
}

export interface UpOptions {
  readonly portBase: number;
  readonly folder: string;
  readonly workersPerRegion: number;
}

export function readUpOptions(args: readonly string[]): UpOptions {
  const { values } = readOptions({
    args: [...args],
    options: { 'port-base': { type: 'string' }, data: { type: 'string' }, workers: { type: 'string' } },
  });
  return {
    portBase: wholeNumber('--port-base', values['port-base'] ?? '4400', 1_024, 65_400),
    folder: values.data ?? DEFAULT_DATA_DIR,
    workersPerRegion: wholeNumber('--workers', values.workers ?? '2', 1, MAX_WORKERS / REGIONS.length),
  };
}

export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Problem(`${name} is "${text}"; give a whole number from ${min} to ${max}.`);
}
