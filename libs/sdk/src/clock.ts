// Time comes in from outside, so that every test of the SDK can run on its own clock.
import { MeridianError } from './errors.ts';

export interface Clock {
  /** Unix time in ms, with fractions. It never goes backwards while the process or page lives. */
  nowMs(): number;
  /** Runs `task` once after `ms`; the answer cancels it. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`; rejects with the code `aborted` when `signal` fires first. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      reject(MeridianError.aborted(signal?.reason));
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export interface Backoff {
  readonly firstMs: number;
  readonly largestMs: number;
}

/**
 * Delay before attempt number `attempt` (0-based), ms: doubles up to `largestMs`, and is drawn from its upper half
 * so that clients that lost the same gateway do not come back in one wave. `random` answers in [0, 1).
 */
export function backoffMs({ firstMs, largestMs }: Backoff, attempt: number, random: () => number): number {
  const full = Math.min(largestMs, firstMs * 2 ** attempt);
  return full / 2 + (full / 2) * random();
}
