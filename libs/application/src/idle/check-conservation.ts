import { HOUR_MS, hourOf, type ConservationBreach } from '@meridian/domain';
import type { BillingEvents } from '../ports/billing-events.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConservationCheck, GpuHours } from '../ports/gpu-hours.ts';

export interface CheckConservationPorts {
  readonly gpuHours: GpuHours;
  readonly events: BillingEvents;
  readonly clock: Clock;
}

/** Adds up again what a day has been, and whatever was made anew before it (M3); answers hour by hour. */
export type CheckConservation = () => Promise<readonly ConservationCheck[]>;

/** How far back every hour is looked at, whether anything is known to have changed in it or not. */
const LOOK_BACK_MS = 24 * HOUR_MS;

export const makeCheckConservation =
  ({ gpuHours, events, clock }: CheckConservationPorts): CheckConservation =>
  async () => {
    const nowMs = clock.nowMs();
    const checks: ConservationCheck[] = [];
    // An hour that still runs does not add up yet.
    for (const hourMs of await gpuHours.hoursToCheck(nowMs - LOOK_BACK_MS, hourOf(nowMs))) {
      const check = await gpuHours.check(hourMs, nowMs);
      checks.push(check);
      for (const breach of check.found) await events.emit(eventOf(breach));
    }
    return checks;
  };

const eventOf = (breach: ConservationBreach) => {
  const { hourMs, workerId, incarnation, region, pool, currency, foundAtMs } = breach;
  return {
    eventId: `conservation.breach:${hourMs}:${workerId}:${incarnation}:${currency}:${breach.differenceNano}`,
    type: 'conservation.breach',
    atMs: foundAtMs,
    data: {
      ...{ hour: new Date(hourMs).toISOString(), worker: workerId, incarnation, region, pool, currency },
      billNano: String(breach.billNano),
      sessionNano: String(breach.sessionNano),
      idleNano: String(breach.idleNano),
      differenceNano: String(breach.differenceNano),
    },
  } as const;
};
