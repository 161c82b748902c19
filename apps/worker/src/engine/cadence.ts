// C1. Deadlines are absolute: a step that began late does not push the ones after it.
// C2. A worker that falls behind skips frames and never queues them: no step begins to catch up on a period gone by.

/** The frame that is due at `dueUs` is late when it is handed to its stream after the next one was due. */
export function isLate(dueUs: number, sentUs: number, intervalUs: number): boolean {
  return sentUs > dueUs + intervalUs;
}

export interface NextDue {
  readonly dueUs: number;
  /** Frames that will never be stepped. */
  readonly skipped: number;
}

/** The deadline after `dueUs`: on its grid, and less than one interval ago. */
export function nextDue(dueUs: number, nowUs: number, intervalUs: number): NextDue {
  const next = dueUs + intervalUs;
  const skipped = Math.max(0, Math.floor((nowUs - next) / intervalUs));
  return { dueUs: next + skipped * intervalUs, skipped };
}
