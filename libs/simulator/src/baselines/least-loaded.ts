import { hasRoom, lowest, type Strategy } from './strategy.ts';

/** The pool with the lowest share of its slots taken; where the user is does not count. */
export const leastLoaded: Strategy = {
  name: 'least loaded',
  queues: false,
  begin: () => (_arrival, pools) =>
    lowest(pools.filter(hasRoom), ({ slots, freeSlots }) => -freeSlots / slots),
};
