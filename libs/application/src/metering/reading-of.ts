import type { MeterReading } from '@meridian/domain';
import type { SessionReport } from '../ports/worker-registry.ts';

/** A worker's report of a session, as the reading of its meter at the time it arrived. */
export const readingOf = (report: SessionReport, atMs: number): MeterReading => {
  const { sessionId, epoch, startedUs, seq, activeMs, frames, lateFrames } = report;
  return { sessionId, epoch, startedUs, seq, activeMs, frames, lateFrames, atMs };
};
