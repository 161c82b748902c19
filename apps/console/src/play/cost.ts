import type { Usage } from '@meridian/sdk';

const NANO_PER_POUND = 1e9;
const MS_PER_HOUR = 3_600_000;
/** Without a word from the meter for this long the shown cost stands still rather than guess on. */
const LONGEST_GUESS_MS = 5_000;

/**
 * Cost to show now, nano-pounds: the meter's last word and, while the world runs, what has run up since at the same
 * rate. `sinceMs` is the age of that word. The meter's next word replaces the guess.
 */
export function costNow(usage: Usage | undefined, sinceMs: number, running: boolean): bigint {
  if (usage === undefined) return 0n;
  const metered = BigInt(usage.costNano);
  if (!running || usage.final) return metered;
  const guessMs = Math.max(0, Math.min(sinceMs, LONGEST_GUESS_MS));
  return metered + BigInt(Math.floor((usage.poundsPerUserHour * NANO_PER_POUND * guessMs) / MS_PER_HOUR));
}
