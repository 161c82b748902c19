import type { RegionId, WorkerId } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { LostWorker, WorkerRegistry } from '../ports/worker-registry.ts';
import type { RegionConfig, SessionPolicy } from '../policy.ts';
import type { LoseLeases } from './lose-leases.ts';
import type { StoreWatch } from './store-watch.ts';

export interface TakeLostWorkersPorts {
  readonly registry: WorkerRegistry;
  readonly loseLeases: LoseLeases;
  readonly watch: StoreWatch;
  readonly regions: readonly RegionConfig[];
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

export interface TakenWorker {
  readonly region: RegionId;
  readonly workerId: WorkerId;
  readonly sessions: number;
}

/** One look at every region for silent workers; run it twice a second. */
export type TakeLostWorkers = () => Promise<readonly TakenWorker[]>;

export function makeTakeLostWorkers(ports: TakeLostWorkersPorts): TakeLostWorkers {
  const unfinished = new Map<RegionId, readonly LostWorker[]>();
  return async () => {
    const taken: TakenWorker[] = [];
    for (const { region } of ports.regions) {
      const told = await lookAt(ports, region);
      const left: LostWorker[] = [];
      for (const lost of [...(unfinished.get(region) ?? []), ...told]) {
        const { workerId } = lost.worker;
        const leases = await ports.loseLeases(workerId, lost.leases);
        if (leases.length > 0) left.push({ ...lost, leases });
        if (told.includes(lost)) taken.push({ region, workerId, sessions: lost.leases.length });
      }
      // Each is told once, so what could not be dealt with is kept for the next look. Should this process die with
      // it, the leases lapse, and `expireSessions` finds their sessions.
      unfinished.set(region, left);
    }
    return taken;
  };
}

async function lookAt(
  { registry, watch, clock, incidents, policy }: TakeLostWorkersPorts,
  region: RegionId,
): Promise<readonly LostWorker[]> {
  const isWatched = () => watch.healthyMs(region, clock.nowMs()) >= policy.workerSilentMs;
  try {
    // Only for its answer: one that is known to answer is asked right away for what is wanted.
    if (!isWatched()) {
      await registry.list(region);
      watch.seen(region, clock.nowMs());
      if (!isWatched()) return [];
    }
    const lost = await registry.takeLost(region, policy.workerSilentMs);
    watch.seen(region, clock.nowMs());
    return lost;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    watch.missed(region);
    incidents.note('registry does not answer', error, { region });
    return [];
  }
}
