import type { RegisteredWorker } from '@meridian/application';
import type { PoolId, PoolSnapshot, RegionId } from '@meridian/domain';

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Workers of one region, grouped into its pools; both in the order of their ids. */
export function poolsOf(region: RegionId, workers: readonly RegisteredWorker[]): readonly PoolSnapshot[] {
  const byPool = new Map<PoolId, [RegisteredWorker, ...RegisteredWorker[]]>();
  for (const worker of workers) {
    const pool = byPool.get(worker.pool);
    if (pool === undefined) byPool.set(worker.pool, [worker]);
    else pool.push(worker);
  }
  return [...byPool.values()]
    .map((members) => poolOf(region, members))
    .sort((a, b) => (a.pool < b.pool ? -1 : 1));
}

function poolOf(region: RegionId, members: readonly [RegisteredWorker, ...RegisteredWorker[]]): PoolSnapshot {
  const { pool, gpuType, model, modelVersion, framesPerSecond } = members[0];
  const measured = members.filter(({ health, pace }) => health === 'ready' && pace.stepMsP50 > 0);
  return {
    pool,
    region,
    gpuType,
    model,
    modelVersion,
    framesPerSecond,
    stepMs: median(measured.map(({ pace }) => pace.stepMsP50)),
    encodeMs: median(measured.map(({ pace }) => pace.encodeMsP50)),
    stateBytes: Math.max(...members.map((worker) => worker.stateBytes)),
    rebuildMs: Math.max(...members.map((worker) => worker.rebuildMs)),
    workers: members.map(({ workerId, address, slots, gpus, usedSlots, health, healthReason }) => ({
      workerId,
      address,
      slots,
      gpus,
      usedSlots,
      health,
      ...(healthReason !== undefined && { healthReason }),
    })),
  };
}
