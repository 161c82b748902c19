import type { Clock } from '../ports/clock.ts';
import type { GpuHours } from '../ports/gpu-hours.ts';

export interface RecomputeGpuHoursPorts {
  readonly gpuHours: GpuHours;
  readonly clock: Clock;
}

/** Makes all GPU hours anew of which something changed; how many. Throws `StoreUnavailable`. */
export type RecomputeGpuHours = () => Promise<{ readonly made: number; readonly failedStarts: number }>;

/** Bounds how much one transaction reads. */
const BATCH = 500;
/** A process that has said nothing for this long does not come back. */
const GONE_AFTER_MS = 60_000;

export const makeRecomputeGpuHours =
  ({ gpuHours, clock }: RecomputeGpuHoursPorts): RecomputeGpuHours =>
  async () => {
    const failedStarts = await gpuHours.noteFailedStarts(clock.nowMs() - GONE_AFTER_MS);
    for (let made = 0; ;) {
      const more = await gpuHours.recompute(BATCH);
      made += more;
      // Marks of one hour become one row: a batch that made few may have left many.
      if (more === 0) return { made, failedStarts };
    }
  };
