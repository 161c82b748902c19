import type { PoolId, WorkerId } from '../ids.ts';

/** A ready worker of a pool. */
export interface ReadyWorker {
  readonly workerId: WorkerId;
  readonly pool: PoolId;
  readonly usedSlots: number;
}

/**
 * The workers that the capacity advice wants warm: of each pool as many as it says, those in use first, so that what is
 * empty beyond them is there for nobody. A pool without advice wants none that is empty.
 */
export function wantedWorkers(
  ready: readonly ReadyWorker[],
  advice: ReadonlyMap<PoolId, number>,
): ReadonlySet<WorkerId> {
  const pools = Map.groupBy(ready, ({ pool }) => pool);
  return new Set(
    [...pools].flatMap(([pool, workers]) =>
      workers
        .toSorted(
          (a, b) => Number(b.usedSlots > 0) - Number(a.usedSlots > 0) || (a.workerId < b.workerId ? -1 : 1),
        )
        .slice(0, advice.get(pool) ?? 0)
        .map(({ workerId }) => workerId),
    ),
  );
}
