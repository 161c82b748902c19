import type { CapacitySnapshot, PoolSnapshot } from '@meridian/domain';

/** Free slots on workers that may be used. */
export const freeSlotsOf = ({ workers }: PoolSnapshot): number =>
  workers.reduce(
    (sum, { health, slots, usedSlots }) => sum + (health === 'ready' ? Math.max(0, slots - usedSlots) : 0),
    0,
  );

/** Free slots of a model in all regions. */
export const roomFor = (model: string, { regions }: CapacitySnapshot): number =>
  regions
    .flatMap(({ pools }) => pools)
    .reduce((sum, pool) => sum + (pool.model === model ? freeSlotsOf(pool) : 0), 0);
