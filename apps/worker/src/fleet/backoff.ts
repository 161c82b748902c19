const FIRST_MS = 250;
const MAX_MS = 5_000;

/**
 * How long to wait after the `failures`-th failure in a row (1 for the first), ms. `draw` is in [0, 1): half of the time
 * is chance, so that a fleet that lost its control plane does not come back in one moment.
 */
export function backoffMs(failures: number, draw: number): number {
  const full = Math.min(MAX_MS, FIRST_MS * 2 ** (failures - 1));
  return full * (0.5 + draw / 2);
}
