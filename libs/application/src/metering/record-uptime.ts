import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { UsageRepository, WorkerUptime } from '../ports/usage-repository.ts';
import type { RegisteredWorker, WorkerRegistry } from '../ports/worker-registry.ts';
import type { RegionConfig } from '../policy.ts';

export interface RecordUptimePorts {
  readonly registry: WorkerRegistry;
  readonly usage: UsageRepository;
  readonly regions: readonly RegionConfig[];
  readonly incidents: Incidents;
}

/** Notes how long each worker has been up: what its GPU is billed for (M3). */
export type RecordUptime = () => Promise<{ readonly workers: number }>;

export const makeRecordUptime =
  ({ registry, usage, regions, incidents }: RecordUptimePorts): RecordUptime =>
  async () => {
    const rows: WorkerUptime[] = [];
    for (const { region } of regions) {
      try {
        rows.push(...(await registry.list(region)).map(uptimeOf));
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        incidents.note('uptime not recorded; the next look makes up for it', error, { region });
      }
    }
    await usage.recordUptime(rows);
    return { workers: rows.length };
  };

const uptimeOf = (worker: RegisteredWorker): WorkerUptime => {
  const { workerId, incarnation, region, pool, gpuType, slots, gpus } = worker;
  const seen = { startedAtMs: worker.registeredAtMs, lastSeenAtMs: worker.lastHeartbeatAtMs };
  return { workerId, incarnation, region, pool, gpuType, slots, gpus, ...seen };
};
