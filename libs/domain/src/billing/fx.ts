/** A ratio: a float would lose nanos. */
export interface FxRatio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** One unit of `from` is `rate` units of `to`, from a date on. A correction is a new row with a later `recordedAtMs`. */
export interface FxRate {
  readonly from: string;
  readonly to: string;
  readonly rate: FxRatio;
  readonly effectiveFromMs: number;
  readonly recordedAtMs: number;
  readonly source: string;
}

/** The rate in force, of the pair or of its inverse; undefined: none is known. The same currency is 1. */
export function fxAt(rates: readonly FxRate[], from: string, to: string, atMs: number): FxRatio | undefined {
  if (from === to) return ONE;
  const direct = newest(rates, from, to, atMs);
  if (direct) return direct.rate;
  const inverse = newest(rates, to, from, atMs)?.rate;
  return inverse && { numerator: inverse.denominator, denominator: inverse.numerator };
}

const ONE: FxRatio = { numerator: 1n, denominator: 1n };

const newest = (rates: readonly FxRate[], from: string, to: string, atMs: number): FxRate | undefined =>
  rates
    .filter((rate) => rate.from === from && rate.to === to && rate.effectiveFromMs <= atMs)
    .toSorted((a, b) => a.effectiveFromMs - b.effectiveFromMs || a.recordedAtMs - b.recordedAtMs)
    .at(-1);

/** Nano to nano, to the nearest, halves away from zero, so that an amount and its reversal stay each other's reversal. */
export function convertNano(amountNano: bigint, { numerator, denominator }: FxRatio): bigint {
  const scaled = amountNano * numerator;
  const half = denominator / 2n;
  return scaled < 0n ? -((-scaled + half) / denominator) : (scaled + half) / denominator;
}
