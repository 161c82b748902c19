// A Prometheus histogram, read twice: what was observed in between.

/** Observations up to and including each bound, in the histogram's unit. */
export type Histogram = ReadonlyMap<number, number>;

export function readHistogram(exposition: string, name: string): Histogram {
  const pattern = new RegExp(`^${name}_bucket\\{(?:[^}]*,)?le="([^"]+)"[^}]*\\} (\\S+)$`, 'gm');
  return new Map(
    [...exposition.matchAll(pattern)].map(([, bound, count]) => [
      bound === '+Inf' ? Infinity : Number(bound),
      Number(count),
    ]),
  );
}

/**
 * Percentile of what was observed between two readings, as Prometheus reckons it: evenly spread within a bucket. NaN
 * when nothing was; the greatest finite bound for what lies beyond it.
 */
export function percentileBetween(before: Histogram, after: Histogram, share: number): number {
  const counts = [...after]
    .map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const)
    .sort(([a], [b]) => a - b);
  const wanted = (counts.at(-1)?.[1] ?? 0) * share;
  if (wanted === 0) return NaN;
  let [lower, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= wanted) {
      return bound === Infinity ? lower : lower + ((bound - lower) * (wanted - below)) / (count - below);
    }
    [lower, below] = [bound, count];
  }
  return lower;
}
