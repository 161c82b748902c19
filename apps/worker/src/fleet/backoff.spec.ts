import { expect, it } from '@jest/globals';
import { backoffMs } from './backoff.ts';

it('doubles to a ceiling, and spreads over the upper half by chance', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map((failures) => backoffMs(failures, 0))).toEqual([
    125, 250, 500, 1_000, 2_000, 2_500, 2_500,
  ]);
  expect(backoffMs(1, 0.999)).toBeLessThan(250);
  expect(backoffMs(50, 0.999)).toBeLessThan(5_000);
});
