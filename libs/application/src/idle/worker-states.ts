import { wantedWorkers, type PoolId, type WorkerStateName } from '@meridian/domain';
import type { AdviseCapacity } from '../capacity/advise-capacity.ts';
import type { Clock } from '../ports/clock.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { WorkerStateRow } from '../ports/gpu-hours.ts';
import type { RegisteredWorker } from '../ports/worker-registry.ts';

/**
 * What these workers are, as states since their start and since their newest heartbeat; of what is known already the
 * store takes no notice. A worker beats as soon as it has registered: until then it was booting.
 */
export function statesOf(
  workers: readonly RegisteredWorker[],
  advice: ReadonlyMap<PoolId, number>,
): readonly WorkerStateRow[] {
  const wanted = wantedWorkers(
    workers.filter(({ health }) => health === 'ready'),
    advice,
  );
  return workers.flatMap((worker) => {
    const { isBooting, health, startedAtMs, registeredAtMs, lastHeartbeatAtMs } = worker;
    const boots = { ...rowOf(worker), state: 'booting', usedSlots: 0, atMs: startedAtMs } as const;
    if (isBooting) return [boots];
    const now = { ...rowOf(worker), state: stateOf(worker), isWanted: wanted.has(worker.workerId) };
    const first = startedAtMs < registeredAtMs ? [boots] : [];
    const begun = [...first, { ...now, atMs: registeredAtMs }];
    // Of a lost one nothing is new but that it was there.
    return health === 'lost' ? begun : [...begun, { ...now, atMs: lastHeartbeatAtMs }];
  });
}

const rowOf = ({ workerId, incarnation, usedSlots, slots }: RegisteredWorker) => ({
  ...{ workerId, incarnation, usedSlots, slots, isWanted: false },
});

const stateOf = ({ health }: RegisteredWorker): WorkerStateName =>
  health === 'draining' || health === 'quarantined' ? health : 'ready';

export interface WantedByPoolPorts {
  readonly adviseCapacity: AdviseCapacity;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

/** Capacity is forecast by the minute, which is work: it is not asked for more often. */
const KEPT_MS = 60_000;

/** How many workers each pool should have. Without advice no empty worker counts as wanted. */
export function makeWantedByPool({ adviseCapacity, clock, incidents }: WantedByPoolPorts) {
  let kept: { readonly atMs: number; readonly wanted: ReadonlyMap<PoolId, number> } | undefined;
  return async (): Promise<ReadonlyMap<PoolId, number>> => {
    const atMs = clock.nowMs();
    if (kept && atMs - kept.atMs < KEPT_MS) return kept.wanted;
    try {
      const advice = await adviseCapacity();
      kept = { atMs, wanted: new Map(advice.map((each) => [each.pool, each.wantedWorkers])) };
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      incidents.note('no capacity advice: idle workers count as not wanted', error);
    }
    return kept?.wanted ?? new Map<PoolId, number>();
  };
}
