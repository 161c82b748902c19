import type {
  ConservationBreach,
  GpuHour,
  IdleByCause,
  Incarnation,
  PoolId,
  PurchaseKind,
  RegionId,
  UsageInterval,
  WorkerId,
  WorkerMoment,
} from '@meridian/domain';

/** What a worker did from an instant on, as its heartbeats told it. */
export interface WorkerStateRow extends WorkerMoment {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
}

export type GpuHourDimension = 'region' | 'pool' | 'gpuType' | 'purchase' | 'worker';

/** Hours that start at or after `fromMs` and before `toMs`. */
export interface GpuHourQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly region?: RegionId;
  readonly pool?: PoolId;
  readonly gpuType?: string;
  readonly workerId?: WorkerId;
  readonly groupBy: readonly GpuHourDimension[];
  readonly interval: UsageInterval;
  /** IANA; where a zone's day starts within an hour, the hour belongs to the day in which it starts. */
  readonly timeZone: string;
}

/** Sums of GPU hours; times are ms of GPU. */
export interface GpuHourRow {
  /** Of the bucket. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Those that were grouped by. */
  readonly region?: RegionId;
  readonly pool?: PoolId;
  readonly gpuType?: string;
  readonly purchase?: PurchaseKind;
  readonly workerId?: WorkerId;
  readonly currency: string;
  readonly upMs: number;
  readonly activeMs: number;
  readonly billNano: bigint;
  readonly sessionNano: bigint;
  readonly idle: IdleByCause;
}

export interface ConservationCheck {
  readonly hourMs: number;
  /** GPU hours added up, and those left for later because something of theirs is still to be made anew. */
  readonly checked: number;
  readonly deferred: number;
  /** Breaches that were not known, or not with this difference. */
  readonly found: readonly ConservationBreach[];
  /** Known breaches that are none any more. */
  readonly resolved: number;
}

export interface ConservationSummary {
  /** Hours that were added up, and GPU hours in them. */
  readonly hours: number;
  readonly gpuHours: number;
  /** GPU hours that could not be added up yet. */
  readonly deferred: number;
  /** Of the newest check. */
  readonly checkedAtMs?: number;
}

/** What every GPU cost in every hour, and why it stood idle. Throws `StoreUnavailable`. */
export interface GpuHours {
  /** Notes what changed; a row that says what is known already, or comes late, is left out. */
  recordStates(rows: readonly WorkerStateRow[]): Promise<void>;
  /** Processes last seen before `silentSinceMs` that were never ready are noted as failed starts; how many. */
  noteFailedStarts(silentSinceMs: number): Promise<number>;
  /** Makes hours of workers anew of which something changed, at most `limit` of them; how many it made. */
  recompute(limit: number): Promise<number>;
  /** GPU hours of one UTC hour as they were made last, by worker, incarnation and currency. */
  hour(hourMs: number): Promise<readonly GpuHour[]>;
  /** In the order of bucket, then of the dimensions asked for, then of the currency. */
  read(query: GpuHourQuery): Promise<readonly GpuHourRow[]>;
  /** Hours to check: those that start in [fromMs, toMs), and before them those that were made anew since their check. */
  hoursToCheck(fromMs: number, toMs: number): Promise<readonly number[]>;
  /** Adds an hour up again, independently of how it was made, and keeps what does not fit (M3). */
  check(hourMs: number, atMs: number): Promise<ConservationCheck>;
  /** Of hours that start in [fromMs, toMs). */
  checks(fromMs: number, toMs: number): Promise<ConservationSummary>;
  /** Of hours that start in [fromMs, toMs), also those that were resolved; newest hour first. */
  breaches(fromMs: number, toMs: number): Promise<readonly ConservationBreach[]>;
  /** Marks of hours that wait to be made anew, and since when, Unix ms. */
  lag(): Promise<{ readonly marks: number; readonly oldestMs?: number }>;
}
