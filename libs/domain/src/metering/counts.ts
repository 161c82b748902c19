// A worker counts from 0 when it takes a session. One that dies while no new epoch can be given is followed by its next
// process at the same epoch, which counts from 0 again: what each process counted is held apart, and added up. They may
// be told of in any order. Where a count began is its name, as in OpenTelemetry's start time of a cumulative counter; one
// of which nobody said where it began (0) is the newest.
import type { Meter } from './meter.ts';
import type { MeterReading } from './usage.ts';

/** Cumulative counters. */
export interface Counters {
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
}

/** The newest reading of one process. */
export interface Count extends Counters {
  readonly startedUs: number;
  readonly seq: number;
}

export const NO_COUNTERS: Counters = { activeMs: 0, frames: 0, lateFrames: 0 };

export const plus = (a: Counters, b: Counters): Counters => ({
  activeMs: a.activeMs + b.activeMs,
  frames: a.frames + b.frames,
  lateFrames: a.lateFrames + b.lateFrames,
});

export const minus = (a: Counters, b: Counters): Counters => ({
  activeMs: a.activeMs - b.activeMs,
  frames: a.frames - b.frames,
  lateFrames: a.lateFrames - b.lateFrames,
});

/** True when it says something that the meter does not know: a reading whose `seq` did not rise is none. */
export const isNews = (meter: Meter, reading: MeterReading): boolean =>
  reading.seq > countOf(meter, reading.startedUs).seq;

/** What the session has used at this epoch once the reading is applied, in all processes together. */
export const totalsWith = (meter: Meter, reading: MeterReading): Counters =>
  plus(minus(meter.last, countOf(meter, reading.startedUs)), reading);

/** The counts of a meter that a reading was applied to. */
export function countsWith(
  meter: Meter,
  reading: MeterReading,
): Pick<Meter, 'startedUs' | 'seq' | 'earlier'> {
  const { seq, startedUs } = reading;
  if (isNewest(meter, startedUs)) {
    return { startedUs: Math.max(startedUs, meter.startedUs), seq, earlier: meter.earlier };
  }
  const { activeMs, frames, lateFrames } = reading;
  if (startedUs > meter.startedUs) return { startedUs, seq, earlier: [...meter.earlier, newestCount(meter)] };
  const others = meter.earlier.filter((count) => count.startedUs !== startedUs);
  const earlier = [...others, { startedUs, seq, activeMs, frames, lateFrames }];
  return { startedUs: meter.startedUs, seq: meter.seq, earlier: earlier.sort(byStart) };
}

function countOf(meter: Meter, startedUs: number): Count {
  if (isNewest(meter, startedUs)) return newestCount(meter);
  const known = meter.earlier.find((count) => count.startedUs === startedUs);
  return known ?? { startedUs, seq: -1, ...NO_COUNTERS };
}

const isNewest = (meter: Meter, startedUs: number): boolean =>
  startedUs === meter.startedUs || startedUs === 0 || meter.startedUs === 0;

const newestCount = ({ startedUs, seq, last, earlier }: Meter): Count => ({
  ...{ startedUs, seq },
  ...minus(last, earlier.reduce(plus, NO_COUNTERS)),
});

const byStart = (a: Count, b: Count): number => a.startedUs - b.startedUs;
