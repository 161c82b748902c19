import type { PoolId, RegionId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import type { DemandSample } from './forecast.ts';
import type { PlacementPolicy } from './placement.ts';
import { rankPools } from './rank-pools.ts';
import { slotsNeeded, type CapacitySnapshot, type PoolSnapshot, type WorkerSnapshot } from './snapshot.ts';

/** What a pool has, and what is asked of it. */
export interface PoolDemand extends DemandSample {
  readonly pool: PoolId;
  readonly region: RegionId;
  readonly model: string;
  /** Warm slots, busy or free: those of ready workers. */
  readonly slots: number;
  readonly readyWorkers: number;
  /** Workers of a pool are alike; while they are being exchanged for others, the median. */
  readonly slotsPerWorker: number;
}

/** A session that waits for slots. */
export interface WaitingRequest {
  readonly request: SessionRequest;
  readonly createdAtMs: number;
}

/**
 * Demand of every pool that the snapshot shows. A session that waits counts for the pool that it would get were all of
 * them empty; where no worker is ready it counts for none. A region that does not answer is left out: nothing is known.
 */
export function demandOf(
  snapshot: CapacitySnapshot,
  waiting: readonly WaitingRequest[],
  policyOf: (model: string) => PlacementPolicy,
): readonly PoolDemand[] {
  const atMs = snapshot.takenAtMs;
  const queued = queuedByPool(snapshot, waiting, policyOf);
  return snapshot.regions.flatMap(({ region, pools }) =>
    pools.map((pool) => ({
      ...{ pool: pool.pool, region, model: pool.model, atMs, queued: queued.get(pool.pool) ?? 0 },
      busySlots: sum(pool, isAlive, 'usedSlots'),
      slots: sum(pool, isReady, 'slots'),
      readyWorkers: pool.workers.filter(isReady).length,
      slotsPerWorker: medianSlots(pool),
    })),
  );
}

function queuedByPool(
  snapshot: CapacitySnapshot,
  waiting: readonly WaitingRequest[],
  policyOf: (model: string) => PlacementPolicy,
): ReadonlyMap<PoolId, number> {
  const empty = emptied(snapshot);
  const pools = new Map(empty.regions.flatMap((region) => region.pools).map((pool) => [pool.pool, pool]));
  const queued = new Map<PoolId, number>();
  for (const { request, createdAtMs } of waiting) {
    const context = { waitedMs: snapshot.takenAtMs - createdAtMs, policy: policyOf(request.model), draw: 0 };
    const [best] = rankPools(request, empty, context).candidates;
    if (best) queued.set(best.pool, (queued.get(best.pool) ?? 0) + slotsIn(pools.get(best.pool), request));
  }
  return queued;
}

/** The fewest slots that a worker of the pool would give it. */
function slotsIn(pool: PoolSnapshot | undefined, { gpus }: SessionRequest): number {
  const widths = pool?.workers.flatMap((worker) => slotsNeeded(gpus, worker) ?? []) ?? [];
  return widths.length === 0 ? 1 : Math.min(...widths);
}

const emptied = (snapshot: CapacitySnapshot): CapacitySnapshot => ({
  ...snapshot,
  regions: snapshot.regions.map((region) => ({
    ...region,
    pools: region.pools.map(({ expectedArrivals: _none, ...pool }) => ({
      ...pool,
      workers: pool.workers.map((worker) => ({ ...worker, usedSlots: 0 })),
    })),
  })),
});

const isReady = ({ health }: WorkerSnapshot): boolean => health === 'ready';
const isAlive = ({ health }: WorkerSnapshot): boolean => health !== 'lost';

const medianSlots = ({ workers }: PoolSnapshot): number => {
  const slots = workers.map((worker) => worker.slots).sort((a, b) => a - b);
  return Math.max(1, slots[slots.length >> 1] ?? 1);
};

const sum = (
  { workers }: PoolSnapshot,
  counts: (worker: WorkerSnapshot) => boolean,
  what: 'slots' | 'usedSlots',
): number => workers.reduce((total, worker) => total + (counts(worker) ? worker[what] : 0), 0);
