// An estimate knows nothing of who will cancel, overtake or end sooner than the last ones did. What became of earlier
// estimates does: those of a model are multiplied by the mean of wait / estimate of its last fifty or so.

/** Sums of the ratios and of their weights; each new one makes the earlier count a little less. */
export interface Calibration {
  readonly ratios: number;
  readonly weight: number;
}

/** An estimate is never stretched or shrunk by more than this. */
export const MOST_CORRECTION = 4;
/** One wait counts as at most so many times its estimate, or as the same part of it. */
const MOST_RATIO = 10;
/** What is known after n more waits counts as 0.98^n: about fifty are remembered. */
const MEMORY = 0.98;
/** As if so many estimates had been right: one odd wait must not turn the next estimates around. */
const TRUST = 5;

export const UNCALIBRATED: Calibration = { ratios: TRUST, weight: TRUST };

/**
 * What is known after one more wait.
 * @param estimateMs before correction, so that correcting it does not feed back into what is learned
 */
export function learned({ ratios, weight }: Calibration, estimateMs: number, waitedMs: number): Calibration {
  const ratio = clamp(waitedMs / Math.max(1, estimateMs), 1 / MOST_RATIO, MOST_RATIO);
  return { ratios: ratios * MEMORY + ratio, weight: weight * MEMORY + 1 };
}

/** What estimates are multiplied by. */
export const correctionOf = ({ ratios, weight }: Calibration): number =>
  clamp(ratios / weight, 1 / MOST_CORRECTION, MOST_CORRECTION);

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
