import type { RegisteredWorker } from '@meridian/application';
import type { PoolSnapshot } from '@meridian/domain';

/** Workers of one region grouped into its pools. */
export function poolsOf(workers: readonly RegisteredWorker[]): readonly PoolSnapshot[] {
  const pools = Map.groupBy(workers, (worker) => worker.pool);
  return [...pools.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const { pool, region, gpuType, model, modelVersion, framesPerSecond } = first;
    const stepMs = Math.max(...members.map(({ pace }) => pace.stepMsP50));
    const encodeMs = Math.max(...members.map(({ pace }) => pace.encodeMsP50));
    const stateBytes = Math.max(...members.map((worker) => worker.stateBytes));
    const rebuildMs = Math.max(...members.map((worker) => worker.rebuildMs));
    const ids = { pool, region, gpuType, model, modelVersion, framesPerSecond };
    return [{ ...ids, stepMs, encodeMs, stateBytes, rebuildMs, workers: members }];
  });
}
