import type { LiveCost, LiveSum, ReportRow, TopSession } from '@meridian/application';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { Live } from './economics.schemas.ts';
import { perFrameNanoOf, perUserHourOf, userHoursOf } from './figures.ts';
import { PER_USER_HOUR_BAND } from './money.schemas.ts';
import type { BillingUsageRow, TenantUsageRow, TopSessionRow } from './usage.schemas.ts';

export const viewUsageRow = (row: ReportRow): z.output<typeof BillingUsageRow> => ({
  from: toIso(row.fromMs),
  to: toIso(row.toMs),
  ...(row.tenantId !== undefined && { tenant: row.tenantId }),
  ...(row.model !== undefined && { model: row.model }),
  ...(row.modelVersion !== undefined && { modelVersion: row.modelVersion }),
  ...(row.region !== undefined && { region: row.region }),
  ...(row.pool !== undefined && { pool: row.pool }),
  ...(row.gpuType !== undefined && { gpuType: row.gpuType }),
  ...(row.purchase !== undefined && { purchase: row.purchase }),
  currency: row.currency,
  userHours: userHoursOf(row.activeMs),
  activeMs: row.activeMs,
  frames: row.frames,
  lateFrames: row.lateFrames,
  sessionsStarted: row.sessionsStarted,
  startedMinutes: row.startedMinutes,
  gpuMs: row.gpuMs,
  costNano: String(row.costNano),
  idleNano: String(row.idleNano),
  ...(row.priceNano !== undefined && { priceNano: String(row.priceNano) }),
  perUserHour: perUserHourOf(row.costNano, row.activeMs),
  perUserHourLoaded: perUserHourOf(row.costNano + row.idleNano, row.activeMs),
  perFrameNano: perFrameNanoOf(row.costNano, row.frames),
});

/** What a tenant is told: what it used and paid, not what that cost us. */
export function viewTenantRows(rows: readonly ReportRow[]): z.output<typeof TenantUsageRow>[] {
  // Rows of one bucket and place that differ only in what GPUs are paid in are one to a tenant.
  const places = Map.groupBy(rows, ({ fromMs, model, modelVersion, region }) =>
    JSON.stringify([fromMs, model, modelVersion, region]),
  );
  return [...places.values()].flatMap((same) => {
    const priced = same.filter(({ priceNano }) => priceNano !== undefined);
    const [first, ...others] = priced.length > 0 ? priced : same.slice(0, 1);
    return first ? [viewTenantRow(first, same), ...others.map((row) => viewTenantRow(row, []))] : [];
  });
}

function viewTenantRow(row: ReportRow, same: readonly ReportRow[]): z.output<typeof TenantUsageRow> {
  const sum = (of: 'activeMs' | 'frames' | 'lateFrames' | 'sessionsStarted' | 'startedMinutes') =>
    same.reduce((total, one) => total + one[of], 0);
  const activeMs = sum('activeMs');
  return {
    from: toIso(row.fromMs),
    to: toIso(row.toMs),
    ...(row.model !== undefined && { model: row.model }),
    ...(row.modelVersion !== undefined && { modelVersion: row.modelVersion }),
    ...(row.region !== undefined && { region: row.region }),
    userHours: userHoursOf(activeMs),
    activeMs,
    frames: sum('frames'),
    lateFrames: sum('lateFrames'),
    sessionsStarted: sum('sessionsStarted'),
    startedMinutes: sum('startedMinutes'),
    ...(row.priceNano !== undefined && { priceNano: String(row.priceNano), currency: row.currency }),
  };
}

export const viewTopSession = (row: TopSession): z.output<typeof TopSessionRow> => ({
  session: row.sessionId,
  tenant: row.tenantId,
  model: row.model,
  region: row.region,
  activeMs: row.activeMs,
  costNano: String(row.costNano),
  currency: row.currency,
  ...(row.traceId !== undefined && { traceId: row.traceId }),
});

const HOUR_MS = 3_600_000;

/** An hour of every session that runs now is so many user-hours. */
const viewLiveSum = ({ currency, sessions, slots, gpus, nanoPerHour, heldNanoPerHour }: LiveSum) => ({
  ...{ currency, sessions, slots, gpus, nanoPerHour: String(nanoPerHour) },
  perUserHour: perUserHourOf(heldNanoPerHour, sessions * HOUR_MS),
  perUserHourLoaded: perUserHourOf(nanoPerHour, sessions * HOUR_MS),
});

export const viewLive = (cost: LiveCost): z.output<typeof Live> => ({
  at: toIso(cost.atMs),
  band: PER_USER_HOUR_BAND,
  ...viewLiveSum(cost),
  byRegion: cost.byRegion.map((sum) => ({ region: sum.region, ...viewLiveSum(sum) })),
  byModel: cost.byModel.map((sum) => ({ model: sum.model, ...viewLiveSum(sum) })),
  unreachableRegions: [...cost.unreachable],
});
