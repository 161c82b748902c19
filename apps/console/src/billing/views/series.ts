import type { Bucket } from '../api/shapes.ts';

/** One value for each bucket; null where there is none. */
export interface Series {
  readonly key: string;
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** Values over time: buckets in rising order, and a series for each thing that is told apart. */
export interface TimeSeries {
  /** Starts of the buckets, Unix ms. */
  readonly startsMs: readonly number[];
  readonly series: readonly Series[];
}

/** The buckets of rows in rising order; every bucket once. */
export function bucketsOf(rows: readonly Bucket[]): readonly number[] {
  return [...new Set(rows.map(({ from }) => Date.parse(from)))].sort((a, b) => a - b);
}

interface Reading<Row> {
  readonly keyOf: (row: Row) => string | undefined;
  readonly labelOf?: (key: string) => string;
  readonly valueOf: (row: Row) => number | null;
  /** What the series are ordered by, the largest sum first. */
  readonly weightOf: (row: Row) => number;
}

/** Rows without a key are of nobody in particular and are no series. */
export function seriesOf<Row extends Bucket>(
  rows: readonly Row[],
  startsMs: readonly number[],
  { keyOf, labelOf = (key) => key, valueOf, weightOf }: Reading<Row>,
): readonly Series[] {
  const values = new Map<string, Map<number, number | null>>();
  const weights = new Map<string, number>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === undefined) continue;
    const ofKey = values.get(key) ?? new Map<number, number | null>();
    values.set(key, ofKey.set(Date.parse(row.from), valueOf(row)));
    weights.set(key, (weights.get(key) ?? 0) + weightOf(row));
  }
  const heaviestFirst = [...values.keys()].sort(
    (a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0) || (a < b ? -1 : 1),
  );
  return heaviestFirst.map((key) => ({
    key,
    label: labelOf(key),
    values: startsMs.map((ms) => values.get(key)?.get(ms) ?? null),
  }));
}

/** The last bucket in which a series has a value; the last of all when it has none. */
export function lastFilled({ values }: Series): number {
  const last = values.findLastIndex((value) => value !== null);
  return last < 0 ? values.length - 1 : last;
}
