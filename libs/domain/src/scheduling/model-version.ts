import type { CapacitySnapshot } from './snapshot.ts';

/** Orders versions part by part, numbers by value: 1.9.0 is before 1.10.0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(/[.+-]/), b.split(/[.+-]/)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = comparePart(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

const NUMBER = /^\d+$/;

function comparePart(a: string, b: string): number {
  if (NUMBER.test(a) && NUMBER.test(b)) return Number(a) - Number(b);
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The newest version of a model with a ready worker, else the newest with any; undefined: it is not served. */
export function newestServed(snapshot: CapacitySnapshot, model: string): string | undefined {
  const pools = snapshot.regions.flatMap((region) => region.pools).filter((pool) => pool.model === model);
  const ready = pools.filter((pool) => pool.workers.some((worker) => worker.health === 'ready'));
  const versions = (ready.length > 0 ? ready : pools).map((pool) => pool.modelVersion);
  return versions.sort(compareVersions).at(-1);
}
