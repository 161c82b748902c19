import { cumulative, poisson, sortedOffsets, sum } from './chance.ts';
import type { Arrival } from './traffic.ts';
import type { Users } from './users.ts';

const MINUTE_MS = 60_000;

/**
 * Poisson arrivals that follow the cities' time of day. The rate is set so that the mean number of sessions, were each
 * placed at once, has `peakConcurrent` as its highest. Sessions that run already at the start come in the warm-up.
 */
export function dayOf(users: Users, countFromMs: number, endMs: number): readonly Arrival[] {
  const { draw, durations } = users;
  const minutes = Math.ceil(endMs / MINUTE_MS);
  const before = Math.ceil(users.longestMs / MINUTE_MS);
  const weights = Array.from({ length: before + minutes }, (_, i) =>
    users.weightsAt((i - before + 0.5) * MINUTE_MS),
  );
  const rates = weights.map(sum);
  const survival = Array.from({ length: before }, (_, i) => durations.survival((i + 0.5) * MINUTE_MS));
  /** Mean number of sessions in a minute at a rate of one arrival a minute for each unit of weight. */
  const meanAt = (minute: number): number =>
    survival.reduce((total, share, age) => total + share * (rates[before + minute - age] ?? 0), 0);
  const counted = Array.from({ length: minutes }, (_, minute) => meanAt(minute));
  const perUnit = users.scenario.traffic.peakConcurrent / Math.max(...counted);
  const arrivals: Arrival[] = [];
  for (let i = 0; i < weights.length; i += 1) {
    const shares = cumulative(weights[i] ?? []);
    const fromMs = (i - before) * MINUTE_MS;
    for (const offset of sortedOffsets(poisson(perUnit * (rates[i] ?? 0), draw), MINUTE_MS, draw)) {
      const atMs = fromMs + offset;
      const city = users.cityBy(shares);
      if (atMs >= 0) {
        if (atMs < endMs) arrivals.push(users.user(atMs, city));
        continue;
      }
      const endsAtMs = atMs + durations.draw(draw);
      const comesAtMs = draw.next() * countFromMs;
      if (endsAtMs > comesAtMs) arrivals.push(users.user(comesAtMs, city, endsAtMs - comesAtMs));
    }
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}
