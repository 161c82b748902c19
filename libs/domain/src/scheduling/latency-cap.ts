/** A cap grows by its own size for every this much of waiting, ms. */
export const CAP_DOUBLES_AFTER_MS = 40_000;
/** It never grows beyond this many times the cap asked for. */
export const CAP_RELAXES_TO = 3;

/**
 * The RTT cap after a wait: cap x min(3, 1 + waited / 40 s). A place that is a little farther beats a longer wait,
 * but there is an end to it; so a region beyond three times the cap is never possible. Residency does not relax.
 */
export const relaxedCapMs = (maxRttMs: number, waitedMs: number): number =>
  maxRttMs * Math.min(CAP_RELAXES_TO, 1 + waitedMs / CAP_DOUBLES_AFTER_MS);
