import type { EconomicsRow } from '../api/shapes.ts';
import { inCurrency } from './user-hour.ts';

export interface DensityPoint {
  readonly pool: string;
  /** Sessions that a GPU served, on average, and how many it could. */
  readonly density: number;
  readonly slotsPerGpu: number;
  readonly perUserHour: number;
  readonly userHours: number;
  readonly gpuType: string;
}

/** Pools that were used, the most used first. */
export function densityPoints(rows: readonly EconomicsRow[], currency: string): readonly DensityPoint[] {
  return inCurrency(rows, currency)
    .flatMap(({ pool, density, slotsPerGpu, perUserHourLoaded, userHours }) =>
      perUserHourLoaded === null || density <= 0
        ? []
        : [
            {
              pool,
              density,
              slotsPerGpu,
              perUserHour: perUserHourLoaded,
              userHours,
              gpuType: gpuTypeOf(pool),
            },
          ],
    )
    .sort((a, b) => b.userHours - a.userHours);
}

/** A pool is `region/gpuType/model@version`. */
const gpuTypeOf = (pool: string): string => pool.split('/')[1] ?? pool;

/** What a GPU-hour comes to, by GPU type: a user-hour costs that over the density, whatever the density. */
export function gpuHourPrices(points: readonly DensityPoint[]): ReadonlyMap<string, number> {
  const byType = Map.groupBy(points, ({ gpuType }) => gpuType);
  return new Map(
    [...byType].map(([gpuType, some]) => {
      const hours = some.reduce((sum, { userHours, density }) => sum + userHours / density, 0);
      const bill = some.reduce((sum, { userHours, perUserHour }) => sum + userHours * perUserHour, 0);
      return [gpuType, hours === 0 ? 0 : bill / hours] as const;
    }),
  );
}

/** Points of price = gpuHour / density from `from` to `to` sessions a GPU. */
export function priceCurve(
  gpuHour: number,
  from: number,
  to: number,
): readonly (readonly [number, number])[] {
  const steps = 48;
  return Array.from({ length: steps + 1 }, (_unused, i) => {
    const density = from + ((to - from) * i) / steps;
    return [density, gpuHour / density] as const;
  });
}
