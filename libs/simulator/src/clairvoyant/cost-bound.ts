import type { Scenario } from '../scenario.ts';
import type { Traffic } from '../traffic/traffic.ts';

/**
 * GPU time that nobody can go below who serves every arrival at once: the integral over the counted time of
 * ceil(active / slots), ms. It is that of a fleet which knows the future, boots in no time, and moves sessions together
 * whenever that empties a GPU. Where pools differ in slots, all are taken to have the most.
 */
export function costBoundGpuMs({ pools }: Scenario, { arrivals, countFromMs, endMs }: Traffic): number {
  const slots = Math.max(...pools.map(({ slotsPerGpu }) => slotsPerGpu));
  const changes = arrivals
    .flatMap(({ atMs, durationMs }) => [
      { atMs, by: 1 },
      { atMs: atMs + durationMs, by: -1 },
    ])
    .sort((a, b) => a.atMs - b.atMs);
  let [active, sinceMs, gpuMs] = [0, countFromMs, 0];
  for (const { atMs, by } of [...changes, { atMs: endMs, by: 0 }]) {
    const untilMs = Math.min(Math.max(atMs, countFromMs), endMs);
    gpuMs += Math.ceil(active / slots) * (untilMs - sinceMs);
    sinceMs = untilMs;
    active += by;
  }
  return gpuMs;
}
