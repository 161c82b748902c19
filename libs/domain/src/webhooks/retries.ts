// When a delivery is tried again, and when a webhook is given up. The waits are those that Standard Webhooks advises:
// short at first for a restart at the other end, then long enough to span a weekend.

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Before the second attempt, the third and so on. */
const WAITS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

export const DELIVERY_ATTEMPTS_MAX = WAITS_MS.length + 1;
/** A receiver that asks for a longer pause than this is asked again all the same. */
const RETRY_AFTER_MAX_MS = 24 * HOUR_MS;
/** Spread, so that a receiver that comes back is not met by all at once. */
const JITTER_SHARE = 0.1;
export const DISABLED_AFTER_MS = 5 * 24 * HOUR_MS;

/**
 * How long to wait after so many attempts, ms; undefined: it was the last.
 * @param draw in [0, 1)
 */
export function waitBeforeRetryMs(
  attempts: number,
  draw: number,
  retryAfterMs: number | undefined = undefined,
): number | undefined {
  const waitMs = WAITS_MS[attempts - 1];
  if (waitMs === undefined) return undefined;
  const asked = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
  return Math.max(Math.round(waitMs * (1 + JITTER_SHARE * draw)), asked);
}

/** The answer of a receiver that is gone for good. */
const GONE = 410;

/** A webhook is disabled when nothing has come through for days, or when its receiver says that it is gone. */
export const isToBeDisabled = (
  failingSinceMs: number | undefined,
  nowMs: number,
  status: number | undefined,
): boolean =>
  status === GONE || (failingSinceMs !== undefined && nowMs - failingSinceMs >= DISABLED_AFTER_MS);
