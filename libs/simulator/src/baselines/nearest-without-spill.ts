import { hasRoom, lowest, rttTo, type Strategy } from './strategy.ts';

/** Latency-based DNS before a fleet in each region: a user belongs to the nearest one, and waits there when it is full. */
export const nearestWithoutSpill: Strategy = {
  name: 'nearest, no spill',
  queues: true,
  begin: () => (arrival, pools) => {
    const own = lowest(pools, (pool) => rttTo(arrival, pool));
    return pools.find((pool) => pool.region === own?.region && hasRoom(pool));
  },
};
