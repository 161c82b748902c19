import { parseArgs, type ParseArgsConfig } from 'node:util';
import { readdirSync } from 'node:fs';
import { DEFAULT_DATA_DIR, inRoot } from './layout.ts';
import { Problem } from './problem.ts';
import { MAX_GATEWAYS, MAX_WORKERS } from './system/ports.ts';
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
  readonly gatewaysPerRegion: number;
  readonly workersPerRegion: number;
  /** The workers of a region serve these in turn. */
  readonly models: readonly string[];
}

export function readUpOptions(args: readonly string[]): UpOptions {
  const { values } = readOptions({
    args: [...args],
    options: {
      'port-base': { type: 'string' },
      data: { type: 'string' },
      gateways: { type: 'string' },
      workers: { type: 'string' },
      model: { type: 'string', multiple: true },
    },
  });
  return {
    portBase: wholeNumber('--port-base', values['port-base'] ?? '4400', 1_024, 65_400),
    folder: values.data ?? DEFAULT_DATA_DIR,
    gatewaysPerRegion: wholeNumber(
      '--gateways',
      values.gateways ?? String(DEFAULT_GATEWAYS),
      1,
      MAX_GATEWAYS,
    ),
    workersPerRegion: wholeNumber('--workers', values.workers ?? '2', 1, MAX_WORKERS / REGIONS.length),
    models: (values.model ?? [DEFAULT_MODEL]).map(knownModel),
  };
}

export const DEFAULT_MODEL = 'gallery';
/** Two, so that a gateway can go away and the sessions of its region go on through the other. */
export const DEFAULT_GATEWAYS = 2;

function knownModel(name: string): string {
  const known = readdirSync(inRoot('libs', 'world-model', 'models'));
  if (known.includes(name)) return name;
  throw new Problem(`--model is "${name}"; give one of ${known.join(', ')}.`);
}

export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Problem(`${name} is "${text}"; give a whole number from ${min} to ${max}.`);
}
