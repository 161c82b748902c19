import { describe, expect, it } from '@jest/globals';
import { anArrival, aScenario } from '../testing/builders.ts';
import { agonesPacked } from './agones.ts';
import { gamelift } from './gamelift.ts';
import { leastLoaded } from './least-loaded.ts';
import { nearestWithSpill } from './nearest-with-spill.ts';
import { nearestWithoutSpill } from './nearest-without-spill.ts';
import { roundRobin } from './round-robin.ts';
import type { PoolState, Strategy } from './strategy.ts';

const RTT = { near: 10, middle: 60, far: 150 };
const SCENARIO = aScenario([{ region: 'far' }, { region: 'near' }, { region: 'middle' }]);
const pool = (region: string, freeSlots: number, slots = 4): PoolState => ({ region, slots, freeSlots });
/** Where the arrivals go one after the other, by waits in s. */
const regionsBy = (
  strategy: Strategy,
  pools: readonly PoolState[],
  waitsS: readonly number[] = [0],
  scenario = SCENARIO,
) => {
  const choose = strategy.begin(scenario);
  return waitsS.map((waitedS) => choose(anArrival(0, 60, RTT), pools, waitedS * 1_000)?.region);
};

describe('nearest', () => {
  it('takes the nearest region, and with spill the next one when that is full', () => {
    expect(regionsBy(nearestWithSpill, [pool('far', 1), pool('near', 1), pool('middle', 1)])).toEqual([
      'near',
    ]);
    expect(regionsBy(nearestWithSpill, [pool('far', 1), pool('near', 0), pool('middle', 1)])).toEqual([
      'middle',
    ]);
    expect(regionsBy(nearestWithSpill, [pool('near', 0)])).toEqual([undefined]);
  });

  it('stays with the nearest region without spill, in whichever of its pools has room', () => {
    expect(regionsBy(nearestWithoutSpill, [pool('near', 0), pool('middle', 1)])).toEqual([undefined]);
    expect(regionsBy(nearestWithoutSpill, [pool('near', 0), pool('near', 1), pool('middle', 1)])).toEqual([
      'near',
    ]);
  });
});

describe('latency-blind rules', () => {
  it('round robin takes turns, and passes over those that are full', () => {
    const pools = [pool('far', 1), pool('near', 0), pool('middle', 1)];
    expect(regionsBy(roundRobin, pools, [0, 0, 0])).toEqual(['far', 'middle', 'far']);
    expect(regionsBy(roundRobin, [pool('far', 0)])).toEqual([undefined]);
  });

  it('least loaded takes the pool with the largest free share', () => {
    expect(regionsBy(leastLoaded, [pool('far', 6, 10), pool('near', 3, 4), pool('middle', 4, 8)])).toEqual([
      'near',
    ]);
    expect(regionsBy(leastLoaded, [pool('far', 0, 10)])).toEqual([undefined]);
  });

  it('Agones fills the clusters in the order of their priorities', () => {
    expect(regionsBy(agonesPacked, [pool('far', 1), pool('near', 1)])).toEqual(['far']);
    expect(regionsBy(agonesPacked, [pool('far', 0), pool('near', 1)])).toEqual(['near']);
  });
});

describe('the latency policy of GameLift', () => {
  const steps = [
    { afterMs: 0, maxRttMs: 50 },
    { afterMs: 30_000, maxRttMs: 100 },
    { afterMs: 90_000, maxRttMs: null },
  ];
  const scenario = aScenario([{ region: 'near' }], { latencySteps: steps });

  it('takes the region of least latency within the cap, which relaxes in steps', () => {
    const pools = [pool('far', 1), pool('middle', 1)];
    expect(regionsBy(gamelift, pools, [0, 29, 30, 100], scenario)).toEqual([
      undefined,
      undefined,
      'middle',
      'middle',
    ]);
    expect(regionsBy(gamelift, [pool('far', 1), pool('middle', 0)], [89, 90], scenario)).toEqual([
      undefined,
      'far',
    ]);
  });

  it('has no cap without a policy', () => {
    expect(regionsBy(gamelift, [pool('far', 1)])).toEqual(['far']);
  });
});
