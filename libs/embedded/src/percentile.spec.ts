import { describe, expect, it } from '@jest/globals';
import { percentile } from './percentile.ts';

describe('percentile', () => {
  it('takes the nearest rank', () => {
    expect([0, 0.5, 0.95, 1].map((share) => percentile([40, 10, 30, 20], share))).toEqual([10, 20, 40, 40]);
  });
  it('is not a number of nothing', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});
