import type { Breach, ConservationAnswer, JobState } from '../api/shapes.ts';

/** Those that still stand, newest first. */
export const openBreaches = ({ breaches }: ConservationAnswer): readonly Breach[] =>
  breaches
    .filter(({ resolvedAt }) => resolvedAt === undefined)
    .toSorted((a, b) => Date.parse(b.hour) - Date.parse(a.hour));

/** A job is late when it missed its turn twice over, or its work is older than ten of its turns and a minute. */
export const isLate = ({ everyMs, lagMs, backlogMs = 0, failed }: JobState): boolean =>
  failed > 0 || lagMs > 2 * everyMs + 5_000 || backlogMs > 10 * everyMs + 60_000;
