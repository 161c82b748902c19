import type { Contender } from '../contender.ts';
import { agonesPacked } from './agones.ts';
import { baseline } from './baseline.ts';
import { gamelift } from './gamelift.ts';
import { leastLoaded } from './least-loaded.ts';
import { nearestWithSpill } from './nearest-with-spill.ts';
import { nearestWithoutSpill } from './nearest-without-spill.ts';
import { roundRobin } from './round-robin.ts';

/** Whom Meridian is compared with, over the same traffic. */
export const BASELINES: readonly Contender[] = [
  nearestWithSpill,
  nearestWithoutSpill,
  gamelift,
  leastLoaded,
  roundRobin,
  agonesPacked,
].map(baseline);
