import { hasRoom, lowest, rttTo, type Strategy } from './strategy.ts';

/** The nearest region that has a free slot, however far it is. */
export const nearestWithSpill: Strategy = {
  name: 'nearest with spill',
  queues: false,
  begin: () => (arrival, pools) => lowest(pools.filter(hasRoom), (pool) => rttTo(arrival, pool)),
};
