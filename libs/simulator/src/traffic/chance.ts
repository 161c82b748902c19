import type { SeededDraw } from '@meridian/testkit/world';

/** `count` uniform times in [0, ms), in order. */
export const sortedOffsets = (count: number, ms: number, draw: SeededDraw): readonly number[] =>
  Array.from({ length: count }, () => draw.next() * ms).sort((a, b) => a - b);

/** Knuth's product for small means, in parts of at most 30 so that the product stays a number. */
export function poisson(mean: number, draw: SeededDraw): number {
  if (mean > 30) return poisson(30, draw) + poisson(mean - 30, draw);
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = draw.next(); product > limit; product *= draw.next()) count += 1;
  return count;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function cumulative(weights: readonly number[]): readonly number[] {
  let total = 0;
  return weights.map((weight) => (total += weight));
}

/** The index that a draw falls on, by cumulative shares. */
export function pickBy(shares: readonly number[], draw: SeededDraw): number {
  const wanted = draw.next() * (shares.at(-1) ?? 0);
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
