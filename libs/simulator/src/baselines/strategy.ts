import type { Scenario } from '../scenario.ts';
import type { Arrival } from '../traffic/traffic.ts';

/** A pool as a rule sees it. */
export interface PoolState {
  readonly region: string;
  /** On GPUs that serve. */
  readonly slots: number;
  readonly freeSlots: number;
}

/** The pool to take a slot of now; undefined: none of them. */
export type Choose = (
  arrival: Arrival,
  pools: readonly PoolState[],
  waitedMs: number,
) => PoolState | undefined;

/** A rule that says where a session goes. */
export interface Strategy {
  readonly name: string;
  /** Whoever finds no place waits for one; false: is refused. */
  readonly queues: boolean;
  /** What it remembers is of one run. */
  begin(scenario: Scenario): Choose;
}

export const rttTo = (arrival: Arrival, { region }: PoolState): number => arrival.rttMs[region] ?? Infinity;

export const hasRoom = ({ freeSlots }: PoolState): boolean => freeSlots > 0;

/** The first of those with the lowest value. */
export function lowest(pools: readonly PoolState[], of: (pool: PoolState) => number): PoolState | undefined {
  let best: PoolState | undefined;
  for (const pool of pools) if (!best || of(pool) < of(best)) best = pool;
  return best;
}
