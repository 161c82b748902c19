// The registry's view of capacity that one placement reads. It is a value: placement never asks a store.
import type { PoolId, RegionId, WorkerId } from '../ids.ts';

export type WorkerHealth = 'ready' | 'draining' | 'quarantined' | 'lost';

export interface WorkerSnapshot {
  readonly workerId: WorkerId;
  readonly address: string;
  readonly slots: number;
  /** Live leases, reserved ones included. */
  readonly usedSlots: number;
  readonly health: WorkerHealth;
  /** Why it is quarantined or draining, for a person. */
  readonly healthReason?: string;
  /** GPUs that its process spans; undefined: 1. */
  readonly gpus?: number;
}

/**
 * Slots that a session of `gpus` GPUs takes on a worker: one when it names none, else its share of the worker's,
 * rounded up. Undefined: the worker is too small for it.
 */
export function slotsNeeded(
  gpus: number | undefined,
  worker: Pick<WorkerSnapshot, 'slots' | 'gpus'>,
): number | undefined {
  if (gpus === undefined) return 1;
  // A millionth off, so that a third of three slots is one slot and not two.
  const needed = Math.max(1, Math.ceil((gpus * worker.slots) / (worker.gpus ?? 1) - 1e-6));
  return needed <= worker.slots ? needed : undefined;
}

export interface PoolSnapshot {
  readonly pool: PoolId;
  readonly region: RegionId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
  /** Median time of one step and of encoding one frame, ms, as its workers report. */
  readonly stepMs: number;
  readonly encodeMs: number;
  readonly framesPerSecond: number;
  readonly workers: readonly WorkerSnapshot[];
  /** What its workers have described, the most of them: how large a session's state is, and how long it takes to build up. */
  readonly stateBytes?: number;
  readonly rebuildMs?: number;
  /** Net new busy slots forecast within the congestion horizon; undefined: none. */
  readonly expectedArrivals?: number;
}

/** Degrees north and east. */
export interface Location {
  readonly latitude: number;
  readonly longitude: number;
}

export interface RegionSnapshot {
  readonly region: RegionId;
  /** Jurisdiction that residency is asked in: `us` or `eu`. */
  readonly jurisdiction: string;
  /** False while the region's Redis does not answer: nothing can be reserved there. */
  readonly reachable: boolean;
  /** Where it lies; RTTs that nobody measured are estimated from it. */
  readonly location?: Location;
  readonly pools: readonly PoolSnapshot[];
}

export interface CapacitySnapshot {
  readonly takenAtMs: number;
  readonly regions: readonly RegionSnapshot[];
}
