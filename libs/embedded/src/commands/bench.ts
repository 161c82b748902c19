import { existsSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { tableOf, type BenchResult } from '../bench-result.ts';
import { inRoot } from '../layout.ts';
import { readOptions } from '../options.ts';
import { build } from '../prepare.ts';
import { Problem } from '../problem.ts';
import { progressTo } from '../progress.ts';

const FOLDER = inRoot('tests', 'bench');
const ENDING = '.bench.ts';

/** What `tests/bench/NAME.bench.ts` exports. */
interface BenchModule {
  readonly run: () => Promise<BenchResult>;
}

export async function bench(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const [name] = positionals;
  if (name === undefined) {
    process.stdout.write(`${names().join('\n')}\n`);
    return 0;
  }
  const file = inRoot('tests', 'bench', `${name}${ENDING}`);
  if (!names().includes(name) || !existsSync(file)) {
    throw new Problem(`There is no bench "${name}"; there are ${names().join(', ')}.`);
  }
  const progress = progressTo(process.stderr);
  await progress.step('the build is up to date', build);
  const { run } = (await import(pathToFileURL(file).href)) as BenchModule;
  const result = await progress.step(`${name} is measured`, run);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : tableOf(result));
  return 0;
}

const names = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
