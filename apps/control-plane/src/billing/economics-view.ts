import type { Margin } from '@meridian/application';
import type { FleetBill, UnitEconomics } from '@meridian/domain';
import type { z } from 'zod';
import type { EconomicsRow, MarginRow, WhatIfAnswer } from './economics.schemas.ts';
import { perFrameNanoOf, perUserHourOf, userHoursOf } from './figures.ts';

export const viewEconomics = (pool: UnitEconomics): z.output<typeof EconomicsRow> => ({
  pool: pool.pool,
  currency: pool.currency,
  slotsPerGpu: pool.slotsPerGpu,
  density: pool.density,
  userHours: pool.userHours,
  frames: pool.frames,
  sessionNano: String(pool.sessionNano),
  idleNano: String(pool.billNano - pool.sessionNano),
  perUserHour: perUserHourOf(pool.sessionNano, pool.activeMs),
  perUserHourLoaded: perUserHourOf(pool.billNano, pool.activeMs),
  perFrameNano: perFrameNanoOf(pool.sessionNano, pool.frames),
});

export const viewFleetBill = (bill: FleetBill): z.output<typeof WhatIfAnswer>['baseline'] => ({
  costNano: String(bill.billNano),
  userHours: userHoursOf(bill.activeMs),
  gpuHours: userHoursOf(bill.gpuMs),
  perUserHour: perUserHourOf(bill.billNano, bill.activeMs),
});

export const viewMargin = (
  { tenantId, currency, priceNano, costNano, idleNano, marginNano }: Margin,
  name: string | undefined,
  activeMs: number,
): z.output<typeof MarginRow> => ({
  tenant: tenantId,
  ...(name !== undefined && { name }),
  currency,
  userHours: userHoursOf(activeMs),
  priceNano: String(priceNano),
  costNano: String(costNano),
  idleNano: String(idleNano),
  marginNano: String(marginNano),
  marginShare: priceNano === 0n ? null : Number(marginNano) / Number(priceNano),
});
