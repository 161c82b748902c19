// From how many workers a pool has to how many it should have.
import type { WorkerId } from '../ids.ts';

/** A worker that is paid for. */
export interface PlannedWorker {
  readonly workerId: WorkerId;
  /** Slots with a lease; 0 while it boots. */
  readonly busySlots: number;
  readonly state: 'booting' | 'ready' | 'draining';
}

export interface FleetPlan {
  /** How many new workers to order. */
  readonly order: number;
  /** Draining workers to take back: they are warm, and cheaper than a boot. */
  readonly undrain: readonly WorkerId[];
  /** Workers to drain: those with the fewest sessions, which are empty the soonest. */
  readonly drain: readonly WorkerId[];
  /** Workers to shut down: they drain, or are told to now, and have no session. */
  readonly retire: readonly WorkerId[];
}

/** No worker with a session is shut down: it drains. Workers that still boot count as there. */
export function planFleet(workers: readonly PlannedWorker[], wantedWorkers: number): FleetPlan {
  const draining = workers.filter(({ state }) => state === 'draining').sort(fullerFirst);
  const open = workers.filter(({ state }) => state !== 'draining').sort(fullerFirst);
  const missing = Math.max(0, wantedWorkers - open.length);
  const undrain = draining.slice(0, missing);
  const leaving = open.slice(wantedWorkers);
  const ids = (of: readonly PlannedWorker[]) => of.map(({ workerId }) => workerId);
  return {
    order: missing - undrain.length,
    undrain: ids(undrain),
    drain: ids(leaving.filter(({ busySlots }) => busySlots > 0)),
    retire: ids([...draining.slice(missing), ...leaving].filter(({ busySlots }) => busySlots === 0)),
  };
}

/** A worker that boots comes last: giving it up loses the least. Ids decide the rest, so that replicas agree. */
const fullerFirst = (a: PlannedWorker, b: PlannedWorker): number =>
  b.busySlots - a.busySlots ||
  Number(a.state === 'booting') - Number(b.state === 'booting') ||
  (a.workerId < b.workerId ? -1 : 1);
