// A month of a fleet as the record would have seen it: who played, on which worker, and what the workers were meanwhile.
import type {
  Epoch,
  Incarnation,
  PoolId,
  PurchaseKind,
  RegionId,
  SessionId,
  TenantId,
  WorkerId,
  WorkerMoment,
} from '@meridian/domain';

/** One worker process from its start to its end; all times Unix ms. */
export interface WorkerLife {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly purchase: PurchaseKind;
  readonly slots: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** What it was, in the order of time. */
  readonly moments: readonly WorkerMoment[];
}

/** One session on one worker. */
export interface Stay {
  readonly worker: WorkerLife;
  readonly slot: number;
  readonly epoch: Epoch;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SessionLife {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly model: string;
  readonly rttMs: Readonly<Record<string, number>>;
  /** W3C trace id of its open. */
  readonly traceId: string;
  readonly askedAtMs: number;
  /** One for each epoch, at least one. */
  readonly stays: readonly [Stay, ...Stay[]];
  readonly endedAtMs: number;
}

export interface Month {
  readonly fromMs: number;
  readonly toMs: number;
  readonly workers: readonly WorkerLife[];
  /** In the order in which they were opened. */
  readonly sessions: readonly SessionLife[];
  /** Arrivals that found no slot anywhere. */
  readonly refused: number;
}
