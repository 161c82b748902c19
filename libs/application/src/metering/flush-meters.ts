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

/** Moves changed counters from the regions' stores to the record; answers how many. */
export type FlushMeters = () => Promise<{ readonly flushed: number }>;

const BATCH = 1_000;

export const makeFlushMeters =
  (ports: FlushMetersPorts): FlushMeters =>
  async () => {
    let flushed = 0;
    for (const { region } of ports.regions) flushed += await flushRegion(ports, region);
    return { flushed };
  };

/** Stored first, settled after: what falls in between is stored twice, which is harmless (M1). */
async function flushRegion(
  { meters, usage, incidents }: FlushMetersPorts,
  region: RegionId,
): Promise<number> {
  let flushed = 0;
  try {
    for (;;) {
      const readings = await meters.takeChanged(region, BATCH);
      await usage.apply(readings);
      await meters.settle(region, readings);
      flushed += readings.length;
      if (readings.length < BATCH) return flushed;
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('meters not flushed; they stay changed', error, { region });
    return flushed;
  }
}
