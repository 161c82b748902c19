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
}

export interface RegionSnapshot {
  readonly region: RegionId;
  /** Jurisdiction that residency is asked in: `us` or `eu`. */
  readonly jurisdiction: string;
  /** False while the region's Redis does not answer: nothing can be reserved there. */
  readonly reachable: boolean;
  readonly pools: readonly PoolSnapshot[];
}

export interface CapacitySnapshot {
  readonly takenAtMs: number;
  readonly regions: readonly RegionSnapshot[];
}
