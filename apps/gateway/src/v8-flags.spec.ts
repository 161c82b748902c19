import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';

const MODULE = new URL('./v8-flags.ts', import.meta.url).href;

/** What a program says, with the flags set before it or without. */
function run(script: string, withFlags: boolean, ...options: readonly string[]): string {
  const first = withFlags ? `await import(${JSON.stringify(MODULE)});` : '';
  const args = ['--experimental-strip-types', '--no-warnings', '--input-type=module', '-e', first + script];
  return execFileSync(process.execPath, [...options, ...args], { encoding: 'utf8' });
}

/** Makes objects which live on for a while, and says how much memory there is for new ones, in bytes. */
const CROWD = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  let kept = [];
  for (let at = 0; at < 1_000_000; at += 1) {
    kept.push({ at, of: [at] });
    if (kept.length > 200_000) kept = [];
  }
  console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
`;

/** Calls one function for as long as both compilers take to come. */
const HOT = `
  function hotOne(of, by) { return of.at + by; }
  let sum = 0;
  const untilMs = performance.now() + 400;
  while (performance.now() < untilMs) for (let at = 0; at < 10_000; at += 1) sum += hotOne({ at }, at);
`;

it('keeps the memory for new objects from growing', () => {
  const MB = 1024 * 1024;
  expect(Number(run(CROWD, false))).toBeGreaterThan(24 * MB);
  expect(Number(run(CROWD, true))).toBeLessThan(20 * MB);
}, 60_000);

it('has what is hot compiled by the best compiler, and by none before it', () => {
  expect(run(HOT, false, '--trace-opt')).toMatch(/hotOne.*MAGLEV/);
  const traced = run(HOT, true, '--trace-opt');
  expect(traced).toMatch(/hotOne.*TURBOFAN/);
  expect(traced).not.toMatch(/hotOne.*MAGLEV/);
}, 60_000);
