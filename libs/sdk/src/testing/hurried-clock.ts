import type { Clock } from '../clock.ts';

/** A clock that runs `speed` times as fast as the machine's, so that holds and backoffs pass while a test looks on. */
export function hurriedClock(speed: number): Clock {
  const startedMs = performance.now();
  const epochMs = performance.timeOrigin + startedMs;
  return {
    nowMs: () => epochMs + (performance.now() - startedMs) * speed,
    after: (ms, task) => {
      const timer = setTimeout(task, ms / speed);
      return () => clearTimeout(timer);
    },
  };
}
