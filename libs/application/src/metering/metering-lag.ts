import type { RegionId } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { UsageHours } from '../ports/usage-hours.ts';
import type { LiveMeters } from '../ports/worker-registry.ts';
import type { RegionConfig } from '../policy.ts';

export interface MeteringLagPorts {
  readonly meters: LiveMeters;
  readonly usageHours: UsageHours;
  readonly regions: readonly RegionConfig[];
  readonly clock: Clock;
}

export interface MeteringLag {
  /** How long counters have waited to be stored; a region that does not answer is left out. */
  readonly flushMs: ReadonlyMap<RegionId, number>;
  /** How long the oldest change has waited to be added up. */
  readonly rollUpMs: number;
  /** Changes that wait for it. */
  readonly marks: number;
}

/** How far what is shown is behind what was reported. Throws `StoreUnavailable` when the record is away. */
export type ReadMeteringLag = () => Promise<MeteringLag>;

export const makeReadMeteringLag =
  (ports: MeteringLagPorts): ReadMeteringLag =>
  async () => {
    const { marks, oldestMs } = await ports.usageHours.lag();
    const flushMs = new Map<RegionId, number>();
    for (const { region } of ports.regions) {
      const waitedMs = await flushLagMs(ports, region);
      if (waitedMs !== undefined) flushMs.set(region, waitedMs);
    }
    return { flushMs, rollUpMs: since(ports.clock, oldestMs), marks };
  };

async function flushLagMs(
  { meters, clock }: MeteringLagPorts,
  region: RegionId,
): Promise<number | undefined> {
  try {
    return since(clock, await meters.oldestChangedMs(region));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return undefined;
  }
}

const since = (clock: Clock, atMs: number | undefined): number =>
  atMs === undefined ? 0 : Math.max(0, clock.nowMs() - atMs);
