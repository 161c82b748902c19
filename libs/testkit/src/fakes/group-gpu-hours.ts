import type { GpuHourDimension, GpuHourQuery, GpuHourRow } from '@meridian/application';
import { causes, type Bucket, type GpuHour } from '@meridian/domain';

const FIELD_OF: Readonly<Record<GpuHourDimension, keyof GpuHour & keyof GpuHourRow>> = {
  ...{ region: 'region', pool: 'pool', gpuType: 'gpuType', purchase: 'purchase', worker: 'workerId' },
};

/** The rows of one bucket. */
export function groupGpuHours(
  hours: readonly GpuHour[],
  query: GpuHourQuery,
  { fromMs, toMs }: Bucket,
): readonly GpuHourRow[] {
  const inBucket = hours.filter(
    (hour) => hour.hourMs >= fromMs && hour.hourMs < toMs && isWanted(hour, query),
  );
  const groups = Map.groupBy(inBucket, (hour) => keyOf(hour, query));
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, group]) => ({ fromMs, toMs, ...sumOf(group, query) }));
}

const isWanted = (hour: GpuHour, query: GpuHourQuery): boolean =>
  hour.hourMs >= query.fromMs &&
  hour.hourMs < query.toMs &&
  (['region', 'pool', 'gpuType', 'workerId'] as const).every(
    (field) => query[field] === undefined || query[field] === hour[field],
  );

const keyOf = (hour: GpuHour, { groupBy }: GpuHourQuery): string =>
  [...groupBy.map((dimension) => hour[FIELD_OF[dimension]]), hour.currency].join('\u0000');

function sumOf(hours: readonly GpuHour[], { groupBy }: GpuHourQuery): Omit<GpuHourRow, 'fromMs' | 'toMs'> {
  const ms = (of: (hour: GpuHour) => number): number => hours.reduce((total, hour) => total + of(hour), 0);
  const nano = (of: (hour: GpuHour) => bigint): bigint => hours.reduce((total, hour) => total + of(hour), 0n);
  const dimensions = groupBy.map((dimension) => [FIELD_OF[dimension], hours[0]?.[FIELD_OF[dimension]]]);
  return {
    ...(Object.fromEntries(dimensions) as Partial<GpuHourRow>),
    currency: hours[0]?.currency ?? '',
    upMs: ms((hour) => hour.upMs),
    activeMs: ms((hour) => hour.activeMs),
    billNano: nano((hour) => hour.billNano),
    sessionNano: nano((hour) => hour.sessionNano),
    idle: causes((cause) => ({
      ms: ms(({ idle }) => idle[cause].ms),
      nano: nano(({ idle }) => idle[cause].nano),
    })),
  };
}
