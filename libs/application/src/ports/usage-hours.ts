import type {
  PoolId,
  PurchaseKind,
  RegionId,
  SessionId,
  TenantId,
  UsageHour,
  UsageInterval,
} from '@meridian/domain';

export type UsageDimension = 'tenant' | 'model' | 'modelVersion' | 'region' | 'pool' | 'gpuType' | 'purchase';

/** Hours that start at or after `fromMs` and before `toMs`. */
export interface UsageQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly tenantId?: TenantId;
  readonly region?: RegionId;
  readonly pool?: PoolId;
  readonly model?: string;
  readonly modelVersion?: string;
  readonly gpuType?: string;
  readonly groupBy: readonly UsageDimension[];
  readonly interval: UsageInterval;
  /** IANA; where a zone's day starts within an hour, the hour belongs to the day in which it starts. */
  readonly timeZone: string;
}

/** Sums of usage hours. `purchase`, `pool` and the others are there when they were grouped by. */
export interface UsageRow {
  /** Of the bucket; with interval `none` those of the query. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly tenantId?: TenantId;
  readonly model?: string;
  readonly modelVersion?: string;
  readonly region?: RegionId;
  readonly pool?: PoolId;
  readonly gpuType?: string;
  readonly purchase?: PurchaseKind;
  readonly currency: string;
  readonly activeMs: number;
  readonly gpuMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  readonly sessionsStarted: number;
  readonly startedMinutes: number;
  readonly costNano: bigint;
}

/** What one session used in a window: whole segments that start in it. */
export interface TopSession {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly model: string;
  readonly modelVersion: string;
  /** Of its newest segment. */
  readonly region: RegionId;
  readonly traceId?: string;
  readonly currency: string;
  readonly activeMs: number;
  readonly costNano: bigint;
}

export interface RollUpLag {
  /** Dirty hours that wait, counted once for each mark. */
  readonly marks: number;
  /** When the oldest was made, Unix ms. */
  readonly oldestMs?: number;
}

/**
 * What was used and what it cost, hour by hour: sums of the segments, made anew whenever segments are added. The open
 * part of sessions that run is in none yet. Throws `StoreUnavailable`.
 */
export interface UsageHours {
  /** In the order of bucket, then of the dimensions asked for, then of the currency. */
  read(query: UsageQuery): Promise<readonly UsageRow[]>;
  /** The hours themselves: by hour, tenant, pool, purchase and currency. */
  hours(fromMs: number, toMs: number, tenantId?: TenantId): Promise<readonly UsageHour[]>;
  /** Those that cost most, in nanos of whatever currency. */
  topSessions(
    fromMs: number,
    toMs: number,
    limit: number,
    tenantId?: TenantId,
  ): Promise<readonly TopSession[]>;
  /**
   * Makes the hours of at most `limit` marks anew, in one transaction; how many marks it took. 0: none are left, or
   * another process is at it.
   */
  rollUp(limit: number): Promise<number>;
  lag(): Promise<RollUpLag>;
}
