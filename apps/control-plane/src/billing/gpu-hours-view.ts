import type { GpuHourRow } from '@meridian/application';
import {
  IDLE_CAUSES,
  type ConservationBreach,
  type IdleByCause,
  type SetAsideReading,
} from '@meridian/domain';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { BreachView, GpuHoursRow, SetAsideView } from './gpu-hours.schemas.ts';

export const viewGpuHours = (row: GpuHourRow): z.output<typeof GpuHoursRow> => ({
  from: toIso(row.fromMs),
  to: toIso(row.toMs),
  ...(row.region !== undefined && { region: row.region }),
  ...(row.pool !== undefined && { pool: row.pool }),
  ...(row.gpuType !== undefined && { gpuType: row.gpuType }),
  ...(row.purchase !== undefined && { purchase: row.purchase }),
  ...(row.workerId !== undefined && { worker: row.workerId }),
  upMs: row.upMs,
  billNano: String(row.billNano),
  sessionNano: String(row.sessionNano),
  idle: viewIdle(row.idle),
  currency: row.currency,
});

function viewIdle(idle: IdleByCause): z.output<typeof GpuHoursRow>['idle'] {
  const parts = IDLE_CAUSES.map((cause) => [cause, { ms: idle[cause].ms, nano: String(idle[cause].nano) }]);
  return Object.fromEntries(parts) as z.output<typeof GpuHoursRow>['idle'];
}

export const viewBreach = (breach: ConservationBreach): z.output<typeof BreachView> => ({
  hour: toIso(breach.hourMs),
  worker: breach.workerId,
  incarnation: breach.incarnation,
  region: breach.region,
  pool: breach.pool,
  currency: breach.currency,
  billNano: String(breach.billNano),
  sessionNano: String(breach.sessionNano),
  idleNano: String(breach.idleNano),
  differenceNano: String(breach.differenceNano),
  foundAt: toIso(breach.foundAtMs),
  ...(breach.resolvedAtMs !== undefined && { resolvedAt: toIso(breach.resolvedAtMs) }),
});

export const viewSetAside = ({
  id,
  reading,
  reason,
  resolvedAtMs,
}: SetAsideReading): z.output<typeof SetAsideView> => ({
  id,
  session: reading.sessionId,
  epoch: reading.epoch,
  seq: reading.seq,
  reason,
  activeMs: reading.activeMs,
  frames: reading.frames,
  at: toIso(reading.atMs),
  ...(resolvedAtMs !== undefined && { resolvedAt: toIso(resolvedAtMs) }),
});
