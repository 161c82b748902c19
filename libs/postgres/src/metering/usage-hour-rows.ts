import type { TopSession, UsageDimension, UsageRow } from '@meridian/application';
import type {
  Bucket,
  PoolId,
  PurchaseKind,
  RegionId,
  SessionId,
  TenantId,
  UsageHour,
} from '@meridian/domain';

/** What a row of hours is told apart by. */
export interface KeyRow {
  readonly tenant_id: TenantId;
  readonly pool: PoolId;
  readonly region: RegionId;
  readonly gpu_type: string;
  readonly model: string;
  readonly model_version: string;
  readonly purchase: PurchaseKind;
}

/** Sums of bigints, which pg reads as text. */
export interface SumRow {
  readonly currency: string;
  readonly active_ms: string;
  readonly gpu_ms: string;
  readonly frames: string;
  readonly late_frames: string;
  readonly sessions_started: string;
  readonly started_minutes: string;
  readonly cost_nano: string;
}

export interface UsageHourRow extends KeyRow, SumRow {
  readonly hour: Date;
  readonly segments: string;
}

/** Each dimension's column. */
export const COLUMN_OF: Readonly<Record<UsageDimension, keyof KeyRow>> = {
  tenant: 'tenant_id',
  model: 'model',
  modelVersion: 'model_version',
  region: 'region',
  pool: 'pool',
  gpuType: 'gpu_type',
  purchase: 'purchase',
};

/** A row that was grouped by some of the columns, in the bucket of this number, counted from 1. */
export type GroupedRow = Partial<KeyRow> & SumRow & { readonly bucket: number };

export const usageRowFrom = (row: GroupedRow, buckets: readonly Bucket[]): UsageRow => ({
  ...(buckets[row.bucket - 1] ?? { fromMs: 0, toMs: 0 }),
  ...(row.tenant_id !== undefined && { tenantId: row.tenant_id }),
  ...(row.model !== undefined && { model: row.model }),
  ...(row.model_version !== undefined && { modelVersion: row.model_version }),
  ...(row.region !== undefined && { region: row.region }),
  ...(row.pool !== undefined && { pool: row.pool }),
  ...(row.gpu_type !== undefined && { gpuType: row.gpu_type }),
  ...(row.purchase !== undefined && { purchase: row.purchase }),
  ...sumsFrom(row),
});

export const usageHourFrom = (row: UsageHourRow): UsageHour => ({
  ...{ hourMs: row.hour.getTime(), tenantId: row.tenant_id, pool: row.pool, region: row.region },
  ...{ gpuType: row.gpu_type, model: row.model, modelVersion: row.model_version, purchase: row.purchase },
  ...sumsFrom(row),
  segments: Number(row.segments),
});

const sumsFrom = (row: SumRow) => ({
  currency: row.currency,
  activeMs: Number(row.active_ms),
  gpuMs: Number(row.gpu_ms),
  frames: Number(row.frames),
  lateFrames: Number(row.late_frames),
  sessionsStarted: Number(row.sessions_started),
  startedMinutes: Number(row.started_minutes),
  costNano: BigInt(row.cost_nano),
});

export interface TopSessionRow {
  readonly session_id: SessionId;
  readonly tenant_id: TenantId;
  readonly model: string;
  readonly model_version: string;
  readonly region: RegionId;
  readonly trace_id: string | null;
  readonly currency: string;
  readonly active_ms: string;
  readonly cost_nano: string;
}

export const topSessionFrom = (row: TopSessionRow): TopSession => ({
  sessionId: row.session_id,
  tenantId: row.tenant_id,
  model: row.model,
  modelVersion: row.model_version,
  region: row.region,
  ...(row.trace_id !== null && { traceId: row.trace_id }),
  currency: row.currency,
  activeMs: Number(row.active_ms),
  costNano: BigInt(row.cost_nano),
});
