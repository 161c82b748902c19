import { inRoot } from '../layout.ts';
import type { Progress } from '../progress.ts';
import { pythonVenv } from '../python/venv.ts';
import { runCommand } from '../run-command.ts';
import type { Check, CheckResult } from './result.ts';

const KIT = inRoot('libs', 'sdk-python');
const GALLERY = inRoot('libs', 'world-model', 'models', 'gallery');
const EXAMPLE = 'meridian_worker.examples.reference:Gallery';
/** The cadence is watched at length where the TypeScript worker is tried. */
const CADENCE_SECONDS = 3;

const kitPython = (progress: Progress): Promise<string> =>
  pythonVenv({ name: 'python-kit', locks: [inRoot('libs', 'sdk-python', 'requirements.lock')], progress });

const kitEnv = (): NodeJS.ProcessEnv => ({
  PYTHONPATH: inRoot('libs', 'sdk-python', 'src'),
  PYTHONDONTWRITEBYTECODE: '1',
});

/** The tests of the Python worker kit; each of them counts. */
const pytestCheck = (progress: Progress): Check => ({
  name: 'Python kit tests',
  run: async () => {
    const python = await kitPython(progress);
    const env = { ...process.env, ...kitEnv() };
    const { code, output } = await runCommand(python, ['-m', 'pytest', '-p', 'no:cacheprovider'], {
      cwd: KIT,
      env,
    });
    const failures = counted(output, 'failed') + counted(output, 'errors?');
    return {
      passed: counted(output, 'passed'),
      failed: failures + (code !== 0 && failures === 0 ? 1 : 0),
      output,
    };
  },
});

/** As in pytest's last line, `2 failed, 118 passed in 40.21s`. */
function counted(output: string, what: string): number {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return Number(new RegExp(`(\\d+) ${what}\\b`).exec(last)?.[1] ?? 0);
}

/**
 * The conformance suite on the kit, serving the reference model as a model team would; each case counts. Cases mostly
 * wait, so that two workers share them; a case may go on from the one before it.
 */
const conformanceCheck = (progress: Progress): Check => ({
  name: 'conformance of the Python kit',
  run: async (): Promise<CheckResult> => {
    const python = await kitPython(progress);
    // It runs as it was built, and so not before the build.
    const { CASES, lineOf, runConformance } = await import('@meridian/conformance');
    const ids = CASES.map(({ id }) => id);
    const middle = Math.ceil(ids.length / 2);
    const tried = (only: readonly string[]) =>
      runConformance({
        command: `'${python}' -m meridian_worker serve ${EXAMPLE}`,
        env: { ...kitEnv(), MODEL_DIR: GALLERY, BACKEND: 'onnx', SLOTS: '4' },
        only,
        seconds: CADENCE_SECONDS,
      });
    const reports = await Promise.all([tried(ids.slice(0, middle)), tried(ids.slice(middle))]);
    const cases = reports.flatMap((report) => report.cases);
    return {
      passed: cases.filter(({ outcome }) => outcome === 'passed').length,
      failed: cases.filter(({ outcome }) => outcome === 'failed').length,
      output: cases
        .filter(({ outcome }) => outcome !== 'passed')
        .map(lineOf)
        .join('\n'),
    };
  },
});

export const pythonChecks = (progress: Progress): readonly Check[] => [
  pytestCheck(progress),
  conformanceCheck(progress),
];
