// M3. The bill of an hour from uptimes, what sessions paid from segments, against what was made of them.
import type { WorkerUptime } from '@meridian/application';
import { billsWithin, HOUR_MS, IDLE_CAUSES } from '@meridian/domain';
import type { ConservationBreach, GpuHour, Incarnation, Rate, UsageSegment } from '@meridian/domain';

export type CheckedSum = Omit<ConservationBreach, 'foundAtMs' | 'resolvedAtMs'>;

export interface HourToCheck {
  readonly hourMs: number;
  readonly uptimes: readonly WorkerUptime[];
  readonly rates: readonly Rate[];
  readonly segments: readonly UsageSegment[];
  readonly made: readonly GpuHour[];
}

type Key = Pick<CheckedSum, 'hourMs' | 'workerId' | 'incarnation' | 'currency'>;

export const keyOfHour = ({ hourMs, workerId, incarnation, currency }: Key): string =>
  [hourMs, workerId, incarnation, currency].join('\u0000');

export function checkGpuHours({
  hourMs,
  uptimes,
  rates,
  segments,
  made,
}: HourToCheck): readonly CheckedSum[] {
  const sums = new Map<string, CheckedSum>();
  const add = (key: Key & Pick<CheckedSum, 'region' | 'pool'>, part: Partial<CheckedSum>): void => {
    const { workerId, incarnation, currency, region, pool } = key;
    const nothing = { billNano: 0n, sessionNano: 0n, idleNano: 0n, differenceNano: 0n };
    const sum = sums.get(keyOfHour(key)) ?? {
      hourMs,
      workerId,
      incarnation,
      region,
      pool,
      currency,
      ...nothing,
    };
    const billNano = sum.billNano + (part.billNano ?? 0n);
    const sessionNano = sum.sessionNano + (part.sessionNano ?? 0n);
    const idleNano = sum.idleNano + (part.idleNano ?? 0n);
    const differenceNano = billNano - sessionNano - idleNano;
    sums.set(keyOfHour(key), { ...sum, billNano, sessionNano, idleNano, differenceNano });
  };
  for (const uptime of uptimes) {
    for (const { currency, billNano } of billsWithin(uptime, rates, {
      fromMs: hourMs,
      toMs: hourMs + HOUR_MS,
    })) {
      add({ ...uptime, hourMs, currency }, { billNano });
    }
  }
  for (const segment of segments) {
    add({ ...segment, hourMs, incarnation: processOf(segment, uptimes) }, { sessionNano: segment.costNano });
  }
  for (const hour of made) {
    add(hour, { idleNano: IDLE_CAUSES.reduce((sum, cause) => sum + hour.idle[cause].nano, 0n) });
  }
  return [...sums.values()];
}

function processOf({ workerId, startsAtMs }: UsageSegment, uptimes: readonly WorkerUptime[]): Incarnation {
  const rising = uptimes
    .filter((uptime) => uptime.workerId === workerId)
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
  const process = rising.findLast(({ startedAtMs }) => startedAtMs <= startsAtMs) ?? rising[0];
  return process?.incarnation ?? ('' as Incarnation);
}
