import type { RegionId, WorkerId } from '@meridian/domain';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { WorkerRegistry } from '../ports/worker-registry.ts';
import type { RegionConfig } from '../policy.ts';

export interface DrainWorkerPorts {
  readonly registry: WorkerRegistry;
  readonly regions: readonly RegionConfig[];
  readonly incidents: Incidents;
}

export type DrainWorkerOutcome =
  | { readonly kind: 'set'; readonly region: RegionId }
  | { readonly kind: 'not_found' }
  /** Not found where we could look; these regions did not answer. */
  | { readonly kind: 'unreachable'; readonly regions: readonly RegionId[] };

/** The worker hears of it in its next heartbeat; sessions it has go on. */
export type DrainWorker = (workerId: WorkerId, draining: boolean) => Promise<DrainWorkerOutcome>;

export const makeDrainWorker =
  ({ registry, regions, incidents }: DrainWorkerPorts): DrainWorker =>
  async (workerId, draining) => {
    const away: RegionId[] = [];
    for (const { region } of regions) {
      try {
        if (await registry.setDraining(region, workerId, draining)) return { kind: 'set', region };
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        incidents.note('registry does not answer', error, { region, workerId });
        away.push(region);
      }
    }
    return away.length > 0 ? { kind: 'unreachable', regions: away } : { kind: 'not_found' };
  };
