// Every reading that is news is counted once or set aside with a reason. Bounds are generous: they are to catch clocks
// and processes gone wrong, not a second here or there.
import { totalsWith } from './counts.ts';
import type { Meter } from './meter.ts';
import type { SetAsideReason } from './set-aside.ts';
import type { MeterReading } from './usage.ts';

export interface ReadingContext {
  /** Unix ms. */
  readonly nowMs: number;
  /** When the session ended or moved on to the next epoch; undefined: neither. */
  readonly closedAtMs?: number | undefined;
}

/** How much clocks of stores and processes may differ, and a worker counts on until it hears of an end, ms. */
export const CLOCK_SLACK_MS = 60_000;

/** No model steps faster. */
export const FRAMES_PER_SECOND_MAX = 240;

/**
 * Why this meter cannot take a reading whose `seq` rose; undefined: it can. Time is held against the epoch's start and
 * not against the reading before: a report that was held up says nothing of when it was made.
 */
export function judgeReading(
  meter: Meter,
  reading: MeterReading,
  { nowMs, closedAtMs = Infinity }: ReadingContext,
): SetAsideReason | undefined {
  const { last, startedAtMs } = meter;
  if (isAhead(reading, nowMs)) return 'clock_ahead';
  const { activeMs, frames, lateFrames } = totalsWith(meter, reading);
  if (activeMs < last.activeMs || frames < last.frames || lateFrames < last.lateFrames)
    return 'went_backwards';
  const roomMs = (untilMs: number): number => Math.max(0, untilMs - startedAtMs) + CLOCK_SLACK_MS;
  // What another process counted since may have been told before.
  const elapsedMs = roomMs(Math.max(reading.atMs, last.atMs));
  if (activeMs > elapsedMs) return 'impossible_rate';
  if (frames * 1_000 > elapsedMs * FRAMES_PER_SECOND_MAX) return 'impossible_rate';
  return activeMs > roomMs(closedAtMs) ? 'after_close' : undefined;
}

/** It says that it comes from the future. */
export const isAhead = ({ atMs }: MeterReading, nowMs: number): boolean => atMs > nowMs + CLOCK_SLACK_MS;
