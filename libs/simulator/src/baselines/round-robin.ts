import { hasRoom, type Strategy } from './strategy.ts';

/** The next pool in turn that has a free slot; where the user is does not count. */
export const roundRobin: Strategy = {
  name: 'round robin',
  queues: false,
  begin: () => {
    let turn = 0;
    return (_arrival, pools) => {
      const inTurn = [...pools.slice(turn), ...pools.slice(0, turn)];
      const pool = inTurn.find(hasRoom);
      if (pool) turn = (pools.indexOf(pool) + 1) % pools.length;
      return pool;
    };
  },
};
