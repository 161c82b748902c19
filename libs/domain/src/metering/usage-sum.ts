import type { SessionId } from '../ids.ts';
import { minus } from './counts.ts';
import { cutSegments, type Cut, type Meter } from './meter.ts';
import type { MeterReading, Rate, SessionUsage, UsageSegment } from './usage.ts';

/** What is shown for a session that has used nothing yet. */
export const DEFAULT_CURRENCY = 'GBP';

/**
 * Usage of a session: the segments cut so far, and each meter's open part priced as if it were cut now.
 * @param state.live readings newer than the meters', in the order of their starts
 */
export function sessionUsageOf(
  sessionId: SessionId,
  segments: readonly UsageSegment[],
  meters: readonly Meter[],
  state: {
    readonly rates: readonly Rate[];
    readonly final: boolean;
    readonly live?: readonly MeterReading[];
  },
): SessionUsage {
  const { rates, final, live = [] } = state;
  const cuts = meters.map((meter) => {
    const news = live.filter(({ epoch }) => epoch === meter.epoch);
    return [...news, undefined].reduce<Cut>(
      (done, reading) => {
        const next = cutSegments(done.meter, reading, { rates, close: reading === undefined });
        return { meter: next.meter, segments: [...done.segments, ...next.segments] };
      },
      { meter, segments: [] },
    );
  });
  const all = [...segments, ...cuts.flatMap((cut) => cut.segments)];
  const open = cuts.map(({ meter }) => ({ last: meter.last, cut: meter.cut }));
  // Usage that has no rate yet is in no segment, but it was used.
  const unpriced = open.map(({ last, cut }) => minus(last, cut));
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
