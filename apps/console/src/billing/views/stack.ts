import type { Series } from './series.ts';

/** From where to where a part of a stacked bar goes. */
export type Piece = readonly [from: number, to: number];

/** For each series, its piece in every bucket, on top of the series before it. A bucket without a value adds nothing. */
export function stackOf(series: readonly Series[]): readonly (readonly Piece[])[] {
  const tops: number[] = series[0]?.values.map(() => 0) ?? [];
  return series.map(({ values }) =>
    values.map((value, i): Piece => {
      const from = tops[i] ?? 0;
      const to = from + (value ?? 0);
      tops[i] = to;
      return [from, to];
    }),
  );
}

/** Fewest labels that are at least `leastPx` apart, on every nth bucket. */
export function tickStep(buckets: number, widthPx: number, leastPx: number): number {
  return Math.max(1, Math.ceil((buckets * leastPx) / Math.max(1, widthPx)));
}
