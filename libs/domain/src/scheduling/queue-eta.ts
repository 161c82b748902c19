/** How long a session is thought to last before any has been seen, ms. */
export const EXPECTED_SESSION_MS = 300_000;
/** How many sightings that first guess is worth. */
const GUESS_WEIGHT = 2;

export interface QueueHistory {
  /** Slots that waiting sessions of this model could get, taken or not. */
  readonly slots: number;
  /** Slots given back within the window. */
  readonly releases: number;
  /** Length of the window that was looked at, ms. */
  readonly windowMs: number;
}

/**
 * Expected wait for the place in the queue: position / rate of slot releases. The rate is the mean of a Gamma
 * posterior with Poisson releases (Gelman et al., Bayesian Data Analysis, 2.6): (releases + a) / (window + a x T / N),
 * where N slots of sessions that last T would give back a slots in a x T / N. So the first guess, a slot every T / N,
 * counts as 2 sightings, and what is seen soon outweighs it.
 */
export function queueEtaMs(position: number, { slots, releases, windowMs }: QueueHistory): number {
  const guessMs = (GUESS_WEIGHT * EXPECTED_SESSION_MS) / Math.max(1, slots);
  const releasesPerMs = (releases + GUESS_WEIGHT) / (windowMs + guessMs);
  return Math.round(position / releasesPerMs);
}
