import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';

const MODULE = new URL('./young-generation.ts', import.meta.url).href;

/** Of a program that makes objects which live on for a while, with `first` before them. */
function newSpaceBytes(first: string): number {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    ${first}
    let kept = [];
    for (let at = 0; at < 1_000_000; at += 1) {
      kept.push({ at, of: [at] });
      if (kept.length > 200_000) kept = [];
    }
    console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
  `;
  const args = ['--experimental-strip-types', '--no-warnings', '--input-type=module', '-e', script];
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

it('keeps the memory for new objects from growing', () => {
  const MB = 1024 * 1024;
  expect(newSpaceBytes('')).toBeGreaterThan(24 * MB);
  expect(newSpaceBytes(`await import(${JSON.stringify(MODULE)});`)).toBeLessThan(20 * MB);
}, 60_000);
