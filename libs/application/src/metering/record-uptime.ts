import { makeWantedByPool, statesOf, type WantedByPoolPorts } from '../idle/worker-states.ts';
import type { GpuHours } from '../ports/gpu-hours.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { UsageRepository, WorkerUptime } from '../ports/usage-repository.ts';
import type { RegisteredWorker, WorkerRegistry } from '../ports/worker-registry.ts';
import type { RegionConfig } from '../policy.ts';

export interface RecordUptimePorts extends WantedByPoolPorts {
  readonly registry: WorkerRegistry;
  readonly usage: UsageRepository;
  readonly gpuHours: GpuHours;
  readonly regions: readonly RegionConfig[];
}

/** Notes how long each worker has been up, which is what its GPU is billed for (M3), and what it was meanwhile. */
export type RecordUptime = () => Promise<{ readonly workers: number }>;

export function makeRecordUptime(ports: RecordUptimePorts): RecordUptime {
  const wantedByPool = makeWantedByPool(ports);
  return async () => {
    const workers = await listAll(ports);
    await ports.usage.recordUptime(workers.map(uptimeOf));
    await ports.gpuHours.recordStates(statesOf(workers, await wantedByPool()));
    return { workers: workers.length };
  };
}

async function listAll({
  registry,
  regions,
  incidents,
}: RecordUptimePorts): Promise<readonly RegisteredWorker[]> {
  const workers: RegisteredWorker[] = [];
  for (const { region } of regions) {
    try {
      workers.push(...(await registry.list(region)));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      incidents.note('uptime not recorded; the next look makes up for it', error, { region });
    }
  }
  return workers;
}

const uptimeOf = (worker: RegisteredWorker): WorkerUptime => {
  const { workerId, incarnation, region, pool, gpuType, slots, gpus, purchase, startedAtMs } = worker;
  const seen = { startedAtMs, lastSeenAtMs: worker.lastHeartbeatAtMs };
  return { workerId, incarnation, region, pool, gpuType, slots, gpus, purchase, ...seen };
};
