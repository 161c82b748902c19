import type { Incarnation, PoolId, RegionId, WorkerId } from '../ids.ts';

/** A GPU and hour whose parts do not add up to its bill (M3). */
export interface ConservationBreach {
  readonly hourMs: number;
  readonly workerId: WorkerId;
  /** Empty: sessions were paid for on a worker that nobody has seen up. */
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly currency: string;
  readonly billNano: bigint;
  readonly sessionNano: bigint;
  readonly idleNano: bigint;
  /** `billNano - sessionNano - idleNano`; never 0. */
  readonly differenceNano: bigint;
  readonly foundAtMs: number;
  /** Undefined: it still is one. */
  readonly resolvedAtMs?: number;
}
