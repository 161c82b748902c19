// M2. Money is integers (nano-units of a currency, bigint). A floor per segment, and nothing is rounded again.
const MS_PER_HOUR = 3_600_000;

/**
 * What `activeMs` on `width` of `slots` slots of a worker with so many GPUs costs:
 * activeMs x nanoPerGpuHour x width x gpus / (3,600,000 x slots), floored.
 */
export const costOf = (
  activeMs: number,
  nanoPerGpuHour: bigint,
  { width, slots, gpus }: { readonly width: number; readonly slots: number; readonly gpus: number },
): bigint => (BigInt(activeMs) * nanoPerGpuHour * BigInt(width * gpus)) / BigInt(MS_PER_HOUR * slots);

/** Whole units of the currency per user-hour, for people to read: never added up. 0 when nothing was used. */
export const poundsPerUserHour = (costNano: bigint, activeMs: number): number =>
  activeMs === 0 ? 0 : (Number(costNano) / 1e9 / activeMs) * MS_PER_HOUR;

/**
 * Splits a total over weights so that the parts add up to it exactly (M2, M3): each gets the floor of its share, and
 * the units left over go to the largest remainders, ties to the earlier one. All weights 0: all parts 0 is no split,
 * so it throws, as it does for a negative weight.
 */
export function largestRemainder(total: bigint, weights: readonly bigint[]): readonly bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum <= 0n || weights.some((w) => w < 0n)) throw new RangeError('weights must be positive in sum');
  const shares = weights.map((weight) => (total * weight) / sum);
  const remainders = weights.map((weight, i) => ({ i, rest: (total * weight) % sum }));
  const left = Number(total - shares.reduce((a, b) => a + b, 0n));
  const byRemainder = remainders.sort((a, b) => (a.rest === b.rest ? a.i - b.i : a.rest > b.rest ? -1 : 1));
  const lucky = new Set(byRemainder.slice(0, left).map(({ i }) => i));
  return shares.map((share, i) => (lucky.has(i) ? share + 1n : share));
}
