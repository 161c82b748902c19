// Which regions a session may use, now and after a wait, judged as placement's filters do, without a snapshot of pools.
import type { SessionRequest } from '../session/session.ts';
import { CAP_DOUBLES_AFTER_MS, CAP_RELAXES_TO } from './latency-cap.ts';
import type { LatencyStep } from './placement.ts';

/** How much waiting it takes until the caps let the session use a region at this RTT, ms; `Infinity`: no wait does. */
export function usableAfterMs(
  rttMs: number,
  { maxRttMs }: Pick<SessionRequest, 'maxRttMs'>,
  steps: readonly LatencyStep[],
): number {
  return Math.max(ownCapAllowsAfterMs(rttMs, maxRttMs), stepsAllowAfterMs(rttMs, steps));
}

function ownCapAllowsAfterMs(rttMs: number, capMs: number | undefined): number {
  if (capMs === undefined || rttMs <= capMs) return 0;
  return rttMs > capMs * CAP_RELAXES_TO ? Infinity : (rttMs / capMs - 1) * CAP_DOUBLES_AFTER_MS;
}

function stepsAllowAfterMs(rttMs: number, steps: readonly LatencyStep[]): number {
  const first = steps.findIndex(({ maxRttMs }) => maxRttMs === null || rttMs <= maxRttMs);
  // The first step holds from the beginning.
  return steps.length === 0 || first === 0 ? 0 : (steps[first]?.afterMs ?? Infinity);
}
