// C1. Deadlines are absolute: a step that began late does not push the ones after it.
// C2. A worker that falls behind skips frames and never queues them: no step begins to catch up on a period gone by.

/** Whatever a model's frame rate: what a person feels between doing and seeing. */
export const DEADLINE_US = 40_000;

/** The frame whose step was due at `dueUs` is late when it is handed to the transport after its deadline. */
export function isLate(dueUs: number, sentUs: number): boolean {
  return sentUs > dueUs + DEADLINE_US;
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
