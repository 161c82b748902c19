import type { GpuHourDimension, GpuHourRow } from '@meridian/application';
import { causes, IDLE_CAUSES } from '@meridian/domain';
import type {
  Bucket,
  ConservationBreach,
  GpuHour,
  IdleByCause,
  IdleCause,
  Incarnation,
  PoolId,
  PurchaseKind,
  RegionId,
  WorkerId,
} from '@meridian/domain';
import { timestamp } from '../session-rows.ts';

/** What GPU hours are told apart by. */
interface KeyRow {
  readonly worker_id: WorkerId;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpu_type: string;
  readonly purchase: PurchaseKind;
}

/** Bigints, which pg reads as text. */
type SumRow = Readonly<Record<`${IdleCause}_ms` | `${IdleCause}_nano`, string>> & {
  readonly currency: string;
  readonly up_ms: string;
  readonly active_ms: string;
  readonly bill_nano: string;
  readonly session_nano: string;
};

export type StoredGpuHour = KeyRow &
  SumRow & { readonly hour: Date; readonly incarnation: Incarnation; readonly gpus: number };

export const COLUMN_OF: Readonly<Record<GpuHourDimension, keyof KeyRow>> = {
  region: 'region',
  pool: 'pool',
  gpuType: 'gpu_type',
  purchase: 'purchase',
  worker: 'worker_id',
};

/** Columns that are added up. */
export const SUMMED: readonly string[] = [
  ...['up_ms', 'active_ms', 'bill_nano', 'session_nano'],
  ...IDLE_CAUSES.flatMap((cause) => [`${cause}_ms`, `${cause}_nano`]),
];

/** `a_nano + b_nano ...` of all causes. */
export const IDLE_NANO = IDLE_CAUSES.map((cause) => `${cause}_nano`).join(' + ');

const idleFrom = (row: SumRow): IdleByCause =>
  causes((cause) => ({ ms: Number(row[`${cause}_ms`]), nano: BigInt(row[`${cause}_nano`]) }));

const sumsFrom = (row: SumRow) => ({
  currency: row.currency,
  upMs: Number(row.up_ms),
  activeMs: Number(row.active_ms),
  billNano: BigInt(row.bill_nano),
  sessionNano: BigInt(row.session_nano),
  idle: idleFrom(row),
});

export const gpuHourFrom = (row: StoredGpuHour): GpuHour => ({
  ...{ hourMs: row.hour.getTime(), workerId: row.worker_id, incarnation: row.incarnation },
  ...{ region: row.region, pool: row.pool, gpuType: row.gpu_type, purchase: row.purchase, gpus: row.gpus },
  ...sumsFrom(row),
});

/** Columns of `gpu_hours`; money as text, since JSON has no bigint. */
export const gpuHourRow = (hour: GpuHour) => ({
  hour: timestamp(hour.hourMs),
  ...{ worker_id: hour.workerId, incarnation: hour.incarnation, region: hour.region, pool: hour.pool },
  ...{ gpu_type: hour.gpuType, purchase: hour.purchase, currency: hour.currency, gpus: hour.gpus },
  ...{ up_ms: hour.upMs, active_ms: hour.activeMs },
  ...{ bill_nano: String(hour.billNano), session_nano: String(hour.sessionNano) },
  ...Object.fromEntries(
    IDLE_CAUSES.flatMap((cause) => [
      [`${cause}_ms`, hour.idle[cause].ms],
      [`${cause}_nano`, String(hour.idle[cause].nano)],
    ]),
  ),
});

/** A row that was grouped by some of the columns, in the bucket of this number, counted from 1. */
export type GroupedGpuHours = Partial<KeyRow> & SumRow & { readonly bucket: number };

export const gpuHourRowFrom = (row: GroupedGpuHours, buckets: readonly Bucket[]): GpuHourRow => ({
  ...(buckets[row.bucket - 1] ?? { fromMs: 0, toMs: 0 }),
  ...(row.region !== undefined && { region: row.region }),
  ...(row.pool !== undefined && { pool: row.pool }),
  ...(row.gpu_type !== undefined && { gpuType: row.gpu_type }),
  ...(row.purchase !== undefined && { purchase: row.purchase }),
  ...(row.worker_id !== undefined && { workerId: row.worker_id }),
  ...sumsFrom(row),
});

export interface BreachRow {
  readonly hour: Date;
  readonly worker_id: WorkerId;
  readonly incarnation: Incarnation;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly currency: string;
  readonly bill_nano: string;
  readonly session_nano: string;
  readonly idle_nano: string;
  readonly difference_nano: string;
  readonly found_at: Date;
  readonly resolved_at: Date | null;
}

export const breachFrom = (row: BreachRow): ConservationBreach => ({
  ...{ hourMs: row.hour.getTime(), workerId: row.worker_id, incarnation: row.incarnation },
  ...{ region: row.region, pool: row.pool, currency: row.currency },
  billNano: BigInt(row.bill_nano),
  sessionNano: BigInt(row.session_nano),
  idleNano: BigInt(row.idle_nano),
  differenceNano: BigInt(row.difference_nano),
  foundAtMs: row.found_at.getTime(),
  ...(row.resolved_at && { resolvedAtMs: row.resolved_at.getTime() }),
});
