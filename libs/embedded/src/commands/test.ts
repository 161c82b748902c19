import { readOptions } from '../options.ts';
import { Problem, sentenceFor } from '../problem.ts';
import { progressTo, seconds, type Progress } from '../progress.ts';
import { failed, total, type Check, type CheckResult } from '../testing/result.ts';
import { STAGES } from '../testing/stages.ts';

/** Runs every check, also after one has failed; the last line counts them all. */
export async function test(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions({
    args: [...args],
    allowPositionals: true,
    options: { list: { type: 'boolean' } },
  });
  if (values.list) {
    process.stdout.write(`${STAGES.map(({ name }) => name).join('\n')}\n`);
    return 0;
  }
  const progress = progressTo(process.stdout);
  const results: (CheckResult & { name: string })[] = [];
  for (const check of chosen(positionals).flatMap((stage) => stage.checks(progress))) {
    results.push({ name: check.name, ...(await runCheck(check, progress)) });
  }
  const sum = total(results);
  for (const { name, output } of results.filter((each) => each.failed > 0)) {
    process.stdout.write(`\n---- ${name} ----\n${output.trimEnd()}\n`);
  }
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed\n`);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

function chosen(names: readonly string[]) {
  const unknown = names.find((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown !== undefined) {
    throw new Problem(
      `There is no test stage "${unknown}"; there are ${STAGES.map(({ name }) => name).join(', ')}.`,
    );
  }
  return names.length === 0 ? STAGES : STAGES.filter(({ name }) => names.includes(name));
}

async function runCheck(check: Check, progress: Progress): Promise<CheckResult> {
  const beganMs = performance.now();
  const result = await check.run().catch((error: unknown) => failed(sentenceFor(error)));
  const verdict =
    result.failed > 0 ? `FAILED ${result.failed}, passed ${result.passed}` : `passed ${result.passed}`;
  progress.note(`${check.name}: ${verdict} (${seconds(performance.now() - beganMs)})`);
  if (result.failed === 0 && result.output.includes('could not be asked'))
    progress.note(`warning: ${result.output}`);
  return result;
}
