import { existsSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { ParseArgsConfig } from 'node:util';
import { holds, tableOf, type BenchResult } from '../bench-result.ts';
import { inRoot } from '../layout.ts';
import { readOptions } from '../options.ts';
import { build } from '../prepare.ts';
import { Problem } from '../problem.ts';
import { progressTo } from '../progress.ts';

const FOLDER = inRoot('tests', 'bench');
const ENDING = '.bench.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What `tests/bench/NAME.bench.ts` exports. */
interface BenchModule {
  /** Options of its own, as `node:util` knows them. */
  readonly options?: Options;
  readonly run: (values: Readonly<Record<string, unknown>>) => Promise<BenchResult>;
}

const EVERY_BENCH: Options = { json: { type: 'boolean' } };

export async function bench(args: readonly string[]): Promise<number> {
  const name = args.find((arg) => !arg.startsWith('-'));
  if (name === undefined) {
    parse(args, {});
    process.stdout.write(`${names().join('\n')}\n`);
    return 0;
  }
  const file = inRoot('tests', 'bench', `${name}${ENDING}`);
  if (!names().includes(name) || !existsSync(file)) {
    throw new Problem(`There is no bench "${name}"; there are ${names().join(', ')}.`);
  }
  const progress = progressTo(process.stderr);
  // First: what is imported stays as it was built when it was.
  await progress.step('the build is up to date', build);
  const { run, options = {} } = (await import(pathToFileURL(file).href)) as BenchModule;
  const values = parse(args, options);
  const result = await progress.step(`${name} is measured`, () => run(values));
  process.stdout.write(values['json'] === true ? `${JSON.stringify(result)}\n` : tableOf(result));
  return result.figures.every(holds) ? 0 : 1;
}

const parse = (args: readonly string[], options: Options) =>
  readOptions({ args: [...args], allowPositionals: true, options: { ...EVERY_BENCH, ...options } }).values;

const names = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
