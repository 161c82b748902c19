import type { Place } from './placement.ts';

/** Price of the last slot of a pool, ms. */
export const CONGESTION_MS = 40;
const CONGESTION_POWER = 4;

/**
 * Predicted time from an action to the frame that shows it: RTT + step + encode + half a frame interval, which an
 * action waits on average for the next step to begin.
 */
export const predictedActionToFrameMs = ({ rttMs, pool }: Place): number =>
  rttMs + pool.stepMs + pool.encodeMs + 500 / pool.framesPerSecond;

/**
 * Congestion price, ms: 40 x load^4, with this session counted in. It is convex, so that an empty pool is all but
 * free and the last near slots go to those for whom the next region is more than 40 ms farther.
 */
export function congestionPriceMs({ pool, freeSlots }: Place): number {
  const slots = pool.workers.reduce((sum, worker) => sum + (worker.health === 'ready' ? worker.slots : 0), 0);
  const load = slots === 0 ? 1 : (slots - freeSlots + 1) / slots;
  return CONGESTION_MS * Math.min(1, load) ** CONGESTION_POWER;
}
