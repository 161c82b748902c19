import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

const MODULE = new URL('./v8-flags.ts', import.meta.url).href;
const MB = 1024 * 1024;

interface Said {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly flags: readonly string[];
  readonly newSpaceBytes: number;
}

/** Of a program with `first` before it that makes objects which live on for a while. */
function run(first: string, ...argv: string[]): { said: Said; pid: number; stderr: string } {
  const script = `
    ${first}
    const { getHeapSpaceStatistics } = await import('node:v8');
    let kept = [];
    for (let at = 0; at < 1_000_000; at += 1) {
      kept.push({ at, of: [at] });
      if (kept.length > 200_000) kept = [];
    }
    const { space_size } = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    const { pid, execArgv, argv } = process;
    console.log(JSON.stringify({ pid, argv: argv.slice(1), flags: execArgv, newSpaceBytes: space_size }));
  `;
  const options = [
    '--experimental-strip-types',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
  ];
  const { stdout, stderr, pid } = spawnSync(process.execPath, [...options, '-e', script, ...argv], {
    encoding: 'utf8',
  });
  return { said: JSON.parse(stdout) as Said, pid, stderr };
}

it('begins again as the same process, with what it was started with', () => {
  const { said, pid, stderr } = run(`await import(${JSON.stringify(MODULE)});`, 'one', 'two');
  expect(said.pid).toBe(pid);
  expect(said.argv).toEqual(['one', 'two']);
  expect(said.flags).toContain('--single-threaded-gc');
  expect(said.flags).toContain('--disable-warning=ExperimentalWarning');
  expect(stderr).toBe('');
}, 60_000);

it('gives new objects as much memory as they are to have', () => {
  expect(run('').said.newSpaceBytes).toBeGreaterThan(40 * MB);
  const { newSpaceBytes } = run(`await import(${JSON.stringify(MODULE)});`).said;
  expect(newSpaceBytes).toBeGreaterThanOrEqual(16 * MB);
  expect(newSpaceBytes).toBeLessThan(36 * MB);
}, 60_000);
