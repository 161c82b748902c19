import type { LatencyStep } from '@meridian/domain';
import { hasRoom, lowest, rttTo, type Strategy } from './strategy.ts';

/**
 * A game session queue of Amazon GameLift Servers with player latency data, for one player.
 *
 * - Placement by FleetIQ: of the locations that can host now, the one with the lowest average player latency. LATENCY is
 *   first in the default order of priorities (LATENCY, COST, DESTINATION, LOCATION); API reference, PriorityConfiguration.
 * - Player latency policies: a cap on each player's latency; "use multiple policies to gradually relax the cap over time";
 *   each is in force for its PolicyDurationSeconds, the lowest cap first; API reference, PlayerLatencyPolicy and
 *   CreateGameSessionQueue. The caps are the scenario's `policy.latencySteps`.
 * - Whoever cannot be placed waits until the queue's TimeoutInSeconds, here `policy.maxWaitMs`.
 *
 * Not modelled: Spot and prices (they decide between locations of equal latency), matchmaking.
 */
export const gamelift: Strategy = {
  name: 'GameLift latency policy',
  queues: true,
  begin: ({ policy: { latencySteps } }) => {
    return (arrival, pools, waitedMs) => {
      const capMs = capAfter(latencySteps, waitedMs);
      const allowed = pools.filter((pool) => hasRoom(pool) && rttTo(arrival, pool) <= capMs);
      return lowest(allowed, (pool) => rttTo(arrival, pool));
    };
  },
};

/** Steps are ordered; before the first and without any there is no cap. */
function capAfter(steps: readonly LatencyStep[], waitedMs: number): number {
  const step = steps.findLast(({ afterMs }) => afterMs <= waitedMs);
  return step?.maxRttMs ?? Infinity;
}
