import { describe, expect, it } from '@jest/globals';
import { largestPassing } from './largest-passing.ts';

async function search(first: number, max: number, limit: number): Promise<[number, number]> {
  const tried: number[] = [];
  const found = await largestPassing(first, max, async (number) => {
    tried.push(number);
    return number <= limit;
  });
  expect(new Set(tried).size).toBe(tried.length);
  expect(tried.every((number) => number >= 1 && number <= max)).toBe(true);
  return [found, tried.length];
}

describe('the largest number that passes', () => {
  it.each([
    [8, 64, 13],
    [8, 64, 8],
    [8, 64, 3],
    [8, 64, 1],
    [8, 64, 64],
    [8, 64, 1_000],
    [1, 1_024, 300],
    [40, 12, 12],
  ])('from %i up to %i, when all up to %i pass', async (first, max, limit) => {
    const [found, tries] = await search(first, max, limit);
    expect(found).toBe(Math.min(limit, max));
    expect(tries).toBeLessThanOrEqual(22);
  });

  it('is none when one fails', async () => expect((await search(8, 64, 0))[0]).toBe(0));
});
