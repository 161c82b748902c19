import type { FleetCost, FleetCostRow } from '@meridian/application';
import type { z } from 'zod';
import { toIso } from '../http/schemas.ts';
import type { FleetCost as FleetCostSchema } from './admin.schemas.ts';

const HOUR_MS = 3_600_000;

export const viewFleetCost = (cost: FleetCost): z.output<typeof FleetCostSchema> => ({
  from: toIso(cost.fromMs),
  to: toIso(cost.toMs),
  currency: cost.currency,
  billNano: String(cost.billNano),
  sessionNano: String(cost.sessionNano),
  idleNano: String(cost.idleNano),
  userHours: cost.userHours,
  poundsPerUserHour: perUserHour(cost.sessionNano, cost.userHours),
  poundsPerUserHourLoaded: perUserHour(cost.billNano, cost.userHours),
  pools: cost.pools.map(viewPool),
});

function viewPool({ region, pool, currency, billNano, sessionNano, activeMs }: FleetCostRow) {
  const userHours = activeMs / HOUR_MS;
  return {
    region,
    pool,
    currency,
    billNano: String(billNano),
    sessionNano: String(sessionNano),
    idleNano: String(billNano - sessionNano),
    userHours,
    poundsPerUserHour: perUserHour(sessionNano, userHours),
    poundsPerUserHourLoaded: perUserHour(billNano, userHours),
  };
}

/** For reading, not for adding up: the integers above it are the money. Null before any use. */
const perUserHour = (nano: bigint, userHours: number): number | null =>
  userHours > 0 ? Number(nano) / 1e9 / userHours : null;
