/** Time for everything that waits or stamps: injected, so that a test plays an hour in a second. */
export interface Clock {
  /** Microseconds since the Unix epoch; never goes back. */
  nowUs(): number;
  /** Runs `task` once at `atUs` or soon after, unless the answered function is called before. */
  at(atUs: number, task: () => void): () => void;
}

/** Set once at start and carried on by the monotonic clock: a stepped wall clock must not move deadlines or meters. */
export const systemClock: Clock = {
  nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1_000),
  at: (atUs, task) => {
    const timer = setTimeout(task, Math.max(0, Math.ceil((atUs - systemClock.nowUs()) / 1_000)));
    return () => clearTimeout(timer);
  },
};
