import type {
  Incarnation,
  Epoch,
  MeterReading,
  PoolId,
  PurchaseKind,
  Rate,
  RegionId,
  SessionId,
  SessionUsage,
  UsageSegment,
  WorkerId,
} from '@meridian/domain';

/** Uptime of one worker process, from its start on; what its GPU is billed for. */
export interface WorkerUptime {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly slots: number;
  /** GPUs that the process spans: each is billed. */
  readonly gpus: number;
  readonly purchase: PurchaseKind;
  readonly startedAtMs: number;
  readonly lastSeenAtMs: number;
}

export interface FleetCostRow {
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly currency: string;
  /** What the GPUs of the pool cost in the window: uptime x rate. */
  readonly billNano: bigint;
  /** The part that sessions used; `billNano - sessionNano` is idle, so the two always add up (M3). */
  readonly sessionNano: bigint;
  readonly activeMs: number;
}

/** Readings by what became of them; those that said nothing new are in neither. */
export interface ApplyOutcome {
  readonly applied: number;
  /** Kept with their reason, see `SetAside`. */
  readonly setAside: number;
}

/** Where a walk over all meters goes on. */
export interface MeterCursor {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
}

export interface CutOpenOutcome {
  /** Meters of which something was cut. */
  readonly cut: number;
  /** Undefined: there are no more. */
  readonly next?: MeterCursor;
}

export interface UsageRepository {
  /** Applies readings whose `seq` rose (M1): moves the session's meter and cuts segments. Twice is harmless. */
  apply(readings: readonly MeterReading[]): Promise<ApplyOutcome>;
  /**
   * Cuts what is open of meters whose newest reading is from before `beforeMs`, at most `limit` of them at a time. Their
   * next readings go on from there: an hour adds up to the same, whether it was cut so or by a later reading.
   */
  cutOpen(beforeMs: number, limit: number, after?: MeterCursor): Promise<CutOpenOutcome>;
  /** Makes room for segments of every UTC day from one instant to another; how many days it made. */
  ensureDays(fromMs: number, toMs: number): Promise<number>;
  /** Usage and cost up to the stored reading, or up to `live` when that is newer. */
  sessionUsage(sessionId: SessionId, live?: readonly MeterReading[]): Promise<SessionUsage | undefined>;
  segments(sessionId: SessionId): Promise<readonly UsageSegment[]>;
  recordUptime(rows: readonly WorkerUptime[]): Promise<void>;
  fleetCost(fromMs: number, toMs: number): Promise<readonly FleetCostRow[]>;
  rates(): Promise<readonly Rate[]>;
  /** Rates are never changed: one whose id exists already is left as it is. */
  addRate(rate: Rate): Promise<void>;
}
