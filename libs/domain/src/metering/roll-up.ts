// Hours are sums of segments and nothing else, so that they can be made anew at any time and come out the same.
import { hourOf, type UsageHour } from './usage-hour.ts';
import type { UsageSegment } from './usage.ts';

/** A segment, and the active time that its session had in the epochs before it. */
export interface CountedSegment {
  readonly segment: UsageSegment;
  readonly beforeMs: number;
}

const MINUTE_MS = 60_000;

/**
 * Minutes that were begun within the segment, over the session's whole life: it begins one whenever its active time
 * leaves a multiple of 60 s. Sums over its segments telescope, so that neither an hour nor a move costs a minute.
 */
export function minutesStartedIn({ segment, beforeMs }: CountedSegment): number {
  const fromMs = beforeMs + segment.activeFromMs;
  return Math.ceil((fromMs + segment.activeMs) / MINUTE_MS) - Math.ceil(fromMs / MINUTE_MS);
}

/** The session's active time leaves 0 in this segment. */
export const isFirstUse = ({ segment, beforeMs }: CountedSegment): boolean =>
  beforeMs + segment.activeFromMs === 0 && segment.activeMs > 0;

/** ms of GPU, floored. */
export const gpuMsOf = ({ activeMs, width, slots, gpus }: UsageSegment): number =>
  Math.floor((activeMs * width * gpus) / slots);

/** What identifies an hour among others. */
export const usageHourKey = ({
  hourMs,
  tenantId,
  pool,
  purchase,
  currency,
}: Pick<UsageHour, 'hourMs' | 'tenantId' | 'pool' | 'purchase' | 'currency'>): string =>
  `${hourMs} ${tenantId} ${pool} ${purchase} ${currency}`;

/** The hours that these segments add up to, in the order in which they come first. */
export function rollUp(counted: readonly CountedSegment[]): readonly UsageHour[] {
  const hours = new Map<string, UsageHour>();
  for (const one of counted) {
    const part = hourFrom(one);
    const key = usageHourKey(part);
    const sum = hours.get(key);
    hours.set(key, sum ? plus(sum, part) : part);
  }
  return [...hours.values()];
}

function hourFrom(counted: CountedSegment): UsageHour {
  const { segment } = counted;
  const { tenantId, pool, region, gpuType, model, modelVersion, purchase, currency } = segment;
  const { activeMs, frames, lateFrames, costNano } = segment;
  return {
    ...{ hourMs: hourOf(segment.startsAtMs), tenantId, pool, region, gpuType, model, modelVersion, purchase },
    ...{ currency, activeMs, gpuMs: gpuMsOf(segment), frames, lateFrames, segments: 1, costNano },
    sessionsStarted: isFirstUse(counted) ? 1 : 0,
    startedMinutes: minutesStartedIn(counted),
  };
}

const plus = (a: UsageHour, b: UsageHour): UsageHour => ({
  ...a,
  activeMs: a.activeMs + b.activeMs,
  gpuMs: a.gpuMs + b.gpuMs,
  frames: a.frames + b.frames,
  lateFrames: a.lateFrames + b.lateFrames,
  sessionsStarted: a.sessionsStarted + b.sessionsStarted,
  startedMinutes: a.startedMinutes + b.startedMinutes,
  segments: a.segments + b.segments,
  costNano: a.costNano + b.costNano,
});
