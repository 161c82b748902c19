import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inRoot } from '../layout.ts';
import { runCommand } from '../run-command.ts';
import { failed, type CheckResult } from './result.ts';

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that could not even be loaded. */
  readonly numRuntimeErrorTestSuites: number;
}

export interface JestOptions {
  readonly project: string;
  readonly env?: NodeJS.ProcessEnv;
  /** One file after the other, where they share one system. */
  readonly inBand?: boolean;
  /** As many files at once as there are cores: for tests that do not judge how long something takes. Else jest leaves one free. */
  readonly everyCore?: boolean;
  readonly onOutput: (text: string) => void;
}

/** Runs one jest project; each of its tests counts. */
export async function runJest({
  project,
  env = {},
  inBand = false,
  everyCore = false,
  onOutput,
}: JestOptions): Promise<CheckResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'meridian-jest-'));
  const report = path.join(folder, 'report.json');
  const args = [
    ...[
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      inRoot('node_modules/jest/bin/jest.js'),
    ],
    ...[
      '--selectProjects',
      project,
      '--json',
      '--outputFile',
      report,
      '--passWithNoTests',
      '--no-color',
      '--forceExit',
    ],
    ...(inBand ? ['--runInBand'] : []),
    ...(everyCore ? ['--maxWorkers=100%'] : []),
  ];
  const options = { cwd: inRoot(), env: { ...process.env, ...env }, onOutput: filtered(onOutput) };
  const { code, output } = await runCommand(process.execPath, args, options);
  try {
    const counts = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
    const failures = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
    const unexplained = code !== 0 && failures === 0 ? 1 : 0;
    return { passed: counts.numPassedTests, failed: failures + unexplained, output };
  } catch {
    return failed(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of jest's output, the lines that tell which files are through. */
const filtered = (onOutput: (text: string) => void) => (text: string) => {
  for (const line of text.split('\n')) if (/^(PASS|FAIL) /.test(line)) onOutput(line);
};
