import type { PoolSnapshot } from './snapshot.ts';

/** Price of the last slot of a pool, ms, to a session that it serves within the target. */
export const CONGESTION_MS = 500;
/** And to one that it serves beyond: it never goes farther by more than this to spare others a slot. */
export const CONGESTION_BEYOND_TARGET_MS = 40;
/** A pool that is forecast to be this much over full is as bad as one that is worse. */
const MOST_LOAD = 1.5;

/**
 * Predicted time from an action to the frame that shows it: RTT + step + encode + half a frame interval, which an
 * action waits on average for the next step to begin.
 */
export const predictedActionToFrameMs = (rttMs: number, pool: PoolSnapshot): number =>
  rttMs + pool.stepMs + pool.encodeMs + 500 / pool.framesPerSecond;

/**
 * Congestion price, ms: 500 x load^8. It is what a slot is worth to those who come later and have no other pool within
 * their target, so it is convex (an empty pool is all but free, half full costs 2 ms, 80 % 84 ms) and near the end
 * larger than any difference in RTT: among pools that meet the target, the one with room takes those who could go to
 * either. Pools beyond the target come after all of those at any price (`rankPools`), and at 40 x load^4: what is far
 * already must not be much farther.
 *
 * Where the figures come from: sessions of 150 cities at pools in Washington, San Jose, Frankfurt and London, target
 * 80 ms, against the clairvoyant optimum by LP, at 60, 200 and 800 sessions at peak and three ways to split the capacity
 * over the pools. Attainment / optimum at capacity 1.0 of peak was .968 for the nearest pool, .972 for 40 x load^4, .984
 * for 200 x load^4, and .989 to .992 for anything from 500 to 3000 and powers 8 to 16, which differ in the mean RTT
 * alone. The same held for five other pools and for a target of 60 ms; `./meridian bench placement-quality` repeats it.
 * Beyond the target the price made no difference to attainment, and 5 to 8 ms to the mean RTT of those out there.
 *
 * @param busySlots of the pool with this session counted in, as forecast when those who come next have come
 */
export function congestionPriceMs(busySlots: number, slots: number, isWithinTarget: boolean): number {
  const load = slots === 0 ? MOST_LOAD : Math.min(MOST_LOAD, Math.max(0, busySlots) / slots);
  const fourth = load * load * load * load;
  return isWithinTarget ? CONGESTION_MS * fourth * fourth : CONGESTION_BEYOND_TARGET_MS * fourth;
}
