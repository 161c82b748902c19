import type {
  Count,
  Epoch,
  Meter,
  MeterPoint,
  PoolId,
  PurchaseKind,
  RateId,
  RegionId,
  SessionId,
  TenantId,
  UsageSegment,
  WorkerId,
} from '@meridian/domain';
import { timestamp } from '../session-rows.ts';

/** As pg reads int8, and as JSON has it. */
type Int8 = string | number;
type Instant = Date | string;

const ms = (at: Instant): number => new Date(at).getTime();

/** A row of `meters`, read by itself or within JSON. */
export interface MeterRow {
  readonly session_id: SessionId;
  readonly epoch: Epoch;
  readonly tenant_id: TenantId;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpu_type: string;
  readonly model: string;
  readonly model_version: string;
  readonly purchase: PurchaseKind;
  readonly worker_id: WorkerId;
  readonly trace_id: string | null;
  readonly slots: number;
  readonly started_us: Int8;
  readonly seq: Int8;
  readonly earlier: readonly Count[] | null;
  readonly last_at: Instant;
  readonly last_active_ms: Int8;
  readonly last_frames: Int8;
  readonly last_late_frames: Int8;
  readonly cut_at: Instant;
  readonly cut_active_ms: Int8;
  readonly cut_frames: Int8;
  readonly cut_late_frames: Int8;
  readonly width: number;
  readonly gpus: number;
  readonly started_at: Instant;
  readonly left_at: Instant | null;
  readonly ended_at: Instant | null;
}

const point = (at: Instant, activeMs: Int8, frames: Int8, lateFrames: Int8): MeterPoint => ({
  atMs: ms(at),
  activeMs: Number(activeMs),
  frames: Number(frames),
  lateFrames: Number(lateFrames),
});

export const meterFrom = (row: MeterRow): Meter => ({
  sessionId: row.session_id,
  tenantId: row.tenant_id,
  epoch: row.epoch,
  region: row.region,
  pool: row.pool,
  gpuType: row.gpu_type,
  model: row.model,
  modelVersion: row.model_version,
  purchase: row.purchase,
  workerId: row.worker_id,
  ...(row.trace_id !== null && { traceId: row.trace_id }),
  startedAtMs: ms(row.started_at),
  width: row.width,
  slots: row.slots,
  gpus: row.gpus,
  startedUs: Number(row.started_us),
  seq: Number(row.seq),
  earlier: row.earlier ?? [],
  last: point(row.last_at, row.last_active_ms, row.last_frames, row.last_late_frames),
  cut: point(row.cut_at, row.cut_active_ms, row.cut_frames, row.cut_late_frames),
});

/** When a meter's session moved on from it, and when it ended. */
export interface Standing {
  readonly leftAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
}

export const standingFrom = ({ left_at: left, ended_at: ended }: MeterRow): Standing => ({
  leftAtMs: left === null ? undefined : ms(left),
  endedAtMs: ended === null ? undefined : ms(ended),
});

/** What a move changes of a row of `meters`, with its key. */
export const movedRow = ({ sessionId, epoch, startedUs, seq, earlier, slots, last, cut }: Meter) => ({
  session_id: sessionId,
  epoch,
  started_us: startedUs,
  seq,
  earlier: earlier.length > 0 ? earlier : null,
  slots,
  last_at: timestamp(last.atMs),
  last_active_ms: last.activeMs,
  last_frames: last.frames,
  last_late_frames: last.lateFrames,
  cut_at: timestamp(cut.atMs),
  cut_active_ms: cut.activeMs,
  cut_frames: cut.frames,
  cut_late_frames: cut.lateFrames,
});

/** Columns of `meters`, for a meter that was just opened. */
export const meterRow = (meter: Meter) => ({
  ...movedRow(meter),
  tenant_id: meter.tenantId,
  region: meter.region,
  pool: meter.pool,
  gpu_type: meter.gpuType,
  model: meter.model,
  model_version: meter.modelVersion,
  purchase: meter.purchase,
  worker_id: meter.workerId,
  trace_id: meter.traceId ?? null,
  width: meter.width,
  gpus: meter.gpus,
  started_at: timestamp(meter.startedAtMs),
  closed: false,
});

/** Columns of `usage_segments`. */
export const segmentRow = (segment: UsageSegment) => ({
  session_id: segment.sessionId,
  epoch: segment.epoch,
  starts_at: timestamp(segment.startsAtMs),
  ends_at: timestamp(segment.endsAtMs),
  tenant_id: segment.tenantId,
  region: segment.region,
  pool: segment.pool,
  gpu_type: segment.gpuType,
  model: segment.model,
  model_version: segment.modelVersion,
  purchase: segment.purchase,
  worker_id: segment.workerId,
  trace_id: segment.traceId ?? null,
  active_from_ms: segment.activeFromMs,
  active_ms: segment.activeMs,
  frames: segment.frames,
  late_frames: segment.lateFrames,
  rate_id: segment.rateId,
  currency: segment.currency,
  width: segment.width,
  slots: segment.slots,
  gpus: segment.gpus,
  // As text: JSON has no bigint, and a number would lose nanos.
  cost_nano: String(segment.costNano),
});

/** A row of `usage_segments`; `cost_nano` is text, also within JSON. */
export interface SegmentRow {
  readonly session_id: SessionId;
  readonly epoch: Epoch;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly tenant_id: TenantId;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpu_type: string;
  readonly model: string;
  readonly model_version: string;
  readonly purchase: PurchaseKind;
  readonly worker_id: WorkerId;
  readonly trace_id: string | null;
  readonly active_from_ms: Int8;
  readonly active_ms: Int8;
  readonly frames: Int8;
  readonly late_frames: Int8;
  readonly rate_id: RateId;
  readonly currency: string;
  readonly width: number;
  readonly slots: number;
  readonly gpus: number;
  readonly cost_nano: string;
}

export const segmentFrom = (row: SegmentRow): UsageSegment => ({
  sessionId: row.session_id,
  tenantId: row.tenant_id,
  epoch: row.epoch,
  startsAtMs: ms(row.starts_at),
  endsAtMs: ms(row.ends_at),
  region: row.region,
  pool: row.pool,
  gpuType: row.gpu_type,
  model: row.model,
  modelVersion: row.model_version,
  purchase: row.purchase,
  workerId: row.worker_id,
  ...(row.trace_id !== null && { traceId: row.trace_id }),
  activeFromMs: Number(row.active_from_ms),
  activeMs: Number(row.active_ms),
  frames: Number(row.frames),
  lateFrames: Number(row.late_frames),
  rateId: row.rate_id,
  currency: row.currency,
  width: row.width,
  slots: row.slots,
  gpus: row.gpus,
  costNano: BigInt(row.cost_nano),
});
