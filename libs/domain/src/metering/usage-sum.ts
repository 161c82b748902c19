import type { SessionId } from '../ids.ts';
import { cutSegments, type Meter } from './meter.ts';
import type { MeterReading, Rate, SessionUsage, UsageSegment } from './usage.ts';

/** What is shown for a session that has used nothing yet. */
export const DEFAULT_CURRENCY = 'GBP';

/**
 * Usage of a session: the segments cut so far, and each meter's open part priced as if it were cut now.
 * @param live a reading newer than the meters', if there is one; it is applied to its epoch's meter only
 */
export function sessionUsageOf(
  sessionId: SessionId,
  segments: readonly UsageSegment[],
  meters: readonly Meter[],
  state: { readonly rates: readonly Rate[]; readonly final: boolean; readonly live?: MeterReading },
): SessionUsage {
  const { rates, final, live } = state;
  const cuts = meters.map((meter) =>
    cutSegments(meter, live?.epoch === meter.epoch ? live : undefined, { rates, close: true }),
  );
  const all = [...segments, ...cuts.flatMap((cut) => cut.segments)];
  const open = cuts.map(({ meter }) => ({ last: meter.last, cut: meter.cut }));
  // Usage that has no rate yet is in no segment, but it was used.
  const unpriced = open.map(({ last, cut }) => ({
    activeMs: last.activeMs - cut.activeMs,
    frames: last.frames - cut.frames,
    lateFrames: last.lateFrames - cut.lateFrames,
  }));
  const sum = (counter: 'activeMs' | 'frames' | 'lateFrames'): number =>
    [...all, ...unpriced].reduce((total, part) => total + part[counter], 0);
  return {
    sessionId,
    activeMs: sum('activeMs'),
    frames: sum('frames'),
    lateFrames: sum('lateFrames'),
    costNano: all.reduce((total, segment) => total + segment.costNano, 0n),
    currency: all[0]?.currency ?? DEFAULT_CURRENCY,
    final,
    asOfMs: Math.max(0, ...open.map(({ last }) => last.atMs)),
  };
}

/** The part of a segment that falls in the window, by its share of the time; whole segments are exact. */
export function segmentWithin(
  segment: UsageSegment,
  fromMs: number,
  toMs: number,
): { readonly costNano: bigint; readonly activeMs: number } {
  const overlap = Math.min(segment.endsAtMs, toMs) - Math.max(segment.startsAtMs, fromMs);
  if (overlap <= 0) return { costNano: 0n, activeMs: 0 };
  const length = segment.endsAtMs - segment.startsAtMs;
  const share = (whole: bigint): bigint => (whole * BigInt(overlap)) / BigInt(length);
  return { costNano: share(segment.costNano), activeMs: Number(share(BigInt(segment.activeMs))) };
}
