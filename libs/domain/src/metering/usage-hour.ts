import type { PoolId, RegionId, TenantId } from '../ids.ts';
import type { PurchaseKind } from './purchase.ts';

export const HOUR_MS = 3_600_000;

/** Start of the UTC hour of an instant, Unix ms. */
export const hourOf = (atMs: number): number => Math.floor(atMs / HOUR_MS) * HOUR_MS;

/** All segments that start in one UTC hour and agree in tenant, pool, purchase and currency. */
export interface UsageHour {
  /** Start of the hour, Unix ms. */
  readonly hourMs: number;
  readonly tenantId: TenantId;
  readonly pool: PoolId;
  readonly region: RegionId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly purchase: PurchaseKind;
  readonly currency: string;
  readonly activeMs: number;
  /** ms of GPU: active time x width / slots x gpus, floored for each segment. */
  readonly gpuMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  /** Sessions whose active time left 0 in this hour: each is counted once in its life. */
  readonly sessionsStarted: number;
  /** Minutes of active time that sessions began in this hour; a session that moved begins none by that. */
  readonly startedMinutes: number;
  readonly segments: number;
  readonly costNano: bigint;
}
