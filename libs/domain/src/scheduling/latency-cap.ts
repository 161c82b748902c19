import type { SessionRequest } from '../session/session.ts';
import type { LatencyStep, PlacementPolicy } from './placement.ts';

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

/** The largest RTT that a session accepts after this wait: its own cap and its model's, whichever is smaller. */
export const rttCapMs = (
  { maxRttMs }: Pick<SessionRequest, 'maxRttMs'>,
  { latencySteps }: Pick<PlacementPolicy, 'latencySteps'>,
  waitedMs: number,
): number =>
  Math.min(
    maxRttMs === undefined ? Infinity : relaxedCapMs(maxRttMs, waitedMs),
    stepCapMs(latencySteps, waitedMs),
  );

/** The largest that it will ever accept, however long it waits. */
export const rttCapEverMs = (
  { maxRttMs }: Pick<SessionRequest, 'maxRttMs'>,
  { latencySteps }: Pick<PlacementPolicy, 'latencySteps'>,
): number =>
  Math.min(
    maxRttMs === undefined ? Infinity : maxRttMs * CAP_RELAXES_TO,
    latencySteps.length === 0 ? Infinity : Math.max(...latencySteps.map(capOf)),
  );

function stepCapMs(steps: readonly LatencyStep[], waitedMs: number): number {
  if (steps.length === 0) return Infinity;
  const reached = steps.findLast(({ afterMs }) => afterMs <= waitedMs) ?? steps[0];
  return reached ? capOf(reached) : Infinity;
}

const capOf = ({ maxRttMs }: LatencyStep): number => maxRttMs ?? Infinity;
