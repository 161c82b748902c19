import type {
  MeterReading,
  PoolId,
  Rate,
  RegionId,
  SessionId,
  SessionUsage,
  UsageSegment,
  WorkerId,
} from '@meridian/domain';

/** Uptime of one worker process, from its registration on; what its GPU is billed for. */
export interface WorkerUptime {
  readonly workerId: WorkerId;
  readonly incarnation: string;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly slots: number;
  /** GPUs that the process spans: each is billed. */
  readonly gpus: number;
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

export interface UsageRepository {
  /** Applies readings whose `seq` rose (M1): moves the session's meter and cuts segments. Twice is harmless. */
  apply(readings: readonly MeterReading[]): Promise<void>;
  /** Usage and cost up to the stored reading, or up to `live` when that is newer. */
  sessionUsage(sessionId: SessionId, live?: MeterReading): Promise<SessionUsage | undefined>;
  segments(sessionId: SessionId): Promise<readonly UsageSegment[]>;
  recordUptime(rows: readonly WorkerUptime[]): Promise<void>;
  fleetCost(fromMs: number, toMs: number): Promise<readonly FleetCostRow[]>;
  rates(): Promise<readonly Rate[]>;
  /** Rates are never changed: one whose id exists already is left as it is. */
  addRate(rate: Rate): Promise<void>;
}
