import type { RegionId } from '@meridian/domain';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { UsageRepository } from '../ports/usage-repository.ts';
import type { LiveMeters } from '../ports/worker-registry.ts';
import type { RegionConfig } from '../policy.ts';

export interface FlushMetersPorts {
  readonly meters: LiveMeters;
  readonly usage: UsageRepository;
  readonly regions: readonly RegionConfig[];
  readonly incidents: Incidents;
}

/** What became of the changed counters; those that said nothing new are in neither of the last two. */
export interface Flushed {
  readonly flushed: number;
  readonly applied: number;
  /** Kept with their reason, see `SetAside`. */
  readonly setAside: number;
}

/** Moves changed counters from the regions' stores to the record. */
export type FlushMeters = () => Promise<Flushed>;

const BATCH = 1_000;

export const makeFlushMeters =
  (ports: FlushMetersPorts): FlushMeters =>
  async () => {
    let total = NOTHING;
    for (const { region } of ports.regions) total = plus(total, await flushRegion(ports, region));
    return total;
  };

const NOTHING: Flushed = { flushed: 0, applied: 0, setAside: 0 };

const plus = (a: Flushed, b: Flushed): Flushed => ({
  flushed: a.flushed + b.flushed,
  applied: a.applied + b.applied,
  setAside: a.setAside + b.setAside,
});

/** Stored first, settled after: what falls in between is stored twice, which is harmless (M1). */
async function flushRegion(
  { meters, usage, incidents }: FlushMetersPorts,
  region: RegionId,
): Promise<Flushed> {
  let total = NOTHING;
  try {
    for (;;) {
      const readings = await meters.takeChanged(region, BATCH);
      const outcome = await usage.apply(readings);
      await meters.settle(region, readings);
      total = plus(total, { flushed: readings.length, ...outcome });
      if (readings.length < BATCH) return total;
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('meters not flushed; they stay changed', error, { region });
    return total;
  }
}
