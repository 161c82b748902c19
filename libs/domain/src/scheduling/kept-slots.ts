import type { Priority } from '../session/session.ts';

/** Kept, of the square root of the slots. */
const SAFETY = 0.5;
/** Kept slots shrink to none over this share of the model's longest wait. */
const SHRINK_OVER = 0.5;
/** Less than this share of a pool is kept. */
const MOST_KEPT = 0.5;

export interface KeptFrom {
  readonly priority: Priority;
  /** The pool meets the model's target for it. */
  readonly isWithinTarget: boolean;
  readonly waitedMs: number;
  readonly maxWaitMs: number;
}

/**
 * Free slots of a pool that a session may not take, since they are kept for others: from sessions of low priority
 * always, and from those that the pool serves only beyond the target, until they have waited a while, unless the next
 * pool with room is a detour for them (`rankPools`). High priority takes the last slot of any.
 *
 * How many: one less than half of sqrt(slots), which is how far the number of busy slots strays in a short while (the
 * safety of square-root staffing; trunk reservation, Key 1990, needs no more to be near the optimum), and what is
 * forecast to come on top. A pool of fewer than 16 slots keeps none of its own accord: a slot that stands free while
 * somebody waits is a larger part of it, and harder to explain, than what it could win.
 *
 * Tried as `congestionPriceMs` was: at capacity .85 of peak attainment / optimum is .88 with nothing kept, .93 with one
 * slot, .94 to .96 with half of sqrt(slots), .945 to .965 with all of it; but a fleet that follows demand has no more than
 * sqrt(slots) free at any time. Those trials kept one slot more than this and never let the last go; the rule as it
 * stands, one less and none after a wait, was chosen so that nobody waits for minutes beside a free slot, and what it
 * does to attainment was not measured: `placement-quality` caps the RTT, so nothing is kept from anyone in it.
 */
export function keptSlots(slots: number, expectedArrivals: number, from: KeptFrom): number {
  if (from.priority === 'high') return 0;
  const strays = Math.max(0, Math.floor(SAFETY * Math.sqrt(slots)) - 1);
  const most = Math.floor(slots * MOST_KEPT) - 1;
  const kept = Math.max(0, Math.min(most, strays + Math.max(0, Math.floor(expectedArrivals))));
  if (kept === 0 || from.priority === 'low') return kept;
  if (from.isWithinTarget) return 0;
  const shrunk = kept * (1 - from.waitedMs / Math.max(1, SHRINK_OVER * from.maxWaitMs));
  return Math.max(0, Math.ceil(shrunk));
}
