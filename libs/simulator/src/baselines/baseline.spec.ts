import { describe, expect, it } from '@jest/globals';
import type { RunResult } from '../contender.ts';
import type { Scenario } from '../scenario.ts';
import { anArrival, aScenario, aTraffic } from '../testing/builders.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { baseline } from './baseline.ts';
import { gamelift } from './gamelift.ts';
import { nearestWithSpill } from './nearest-with-spill.ts';

const NEAR = { 'us-east': 10 };
const ONE = [{ region: 'us-east' }];
const run = (scenario: Scenario, traffic: Traffic, strategy = nearestWithSpill): Promise<RunResult> =>
  baseline(strategy).run(scenario, traffic, { seed: 1 });
const outcomes = ({ arrivals }: RunResult) =>
  arrivals.map(({ outcome, placedAtMs }) => placedAtMs ?? outcome);

describe('a baseline on the simple fleet', () => {
  it('places while there is a slot, refuses otherwise, and gives a slot on when its session ends', async () => {
    const traffic = aTraffic([anArrival(0, 60, NEAR), anArrival(30, 60, NEAR), anArrival(61, 60, NEAR)]);
    const result = await run(aScenario(ONE), traffic);
    expect(outcomes(result)).toEqual([0, 'rejected', 61_000]);
    expect(result.arrivals[0]).toEqual({ outcome: 'placed', placedAtMs: 0, region: 'us-east', rttMs: 10 });
  });

  it('keeps those who wait in order, for as long as they and the policy allow', async () => {
    const arrivals = [
      anArrival(0, 60, NEAR),
      anArrival(1, 60, NEAR),
      anArrival(2, 60, NEAR),
      anArrival(3, 60, NEAR, 10),
    ];
    const result = await run(aScenario(ONE, { maxWaitS: 100 }), aTraffic(arrivals), gamelift);
    expect(outcomes(result)).toEqual([0, 60_000, 'abandoned', 'abandoned']);
  });

  it('looks again at who waits when a cap relaxes', async () => {
    const latencySteps = [
      { afterMs: 0, maxRttMs: 5 },
      { afterMs: 30_000, maxRttMs: 20 },
    ];
    const result = await run(
      aScenario(ONE, { maxWaitS: 100, latencySteps }),
      aTraffic([anArrival(1, 60, NEAR)]),
      gamelift,
    );
    expect(outcomes(result)).toEqual([31_000]);
  });

  it('puts sessions on the fullest GPU, and bills slots and GPUs', async () => {
    const pools = [{ region: 'us-east', gpus: 2, slotsPerGpu: 2 }];
    const arrivals = [anArrival(0, 600, NEAR), anArrival(10, 600, NEAR), anArrival(20, 60, NEAR)];
    const { bill, samples } = await run(aScenario(pools), aTraffic(arrivals, 1_000));
    expect(bill).toEqual({
      ...{ paidGpuMs: 2_000_000, busyGpuMs: 630_000, sessionMs: 1_260_000 },
      costGbp: expect.closeTo((2 * 2_000) / 3_600, 9),
    });
    expect(samples[1]).toEqual({
      ...{ atMs: 60_000, queued: 0 },
      regions: { 'us-east': { slots: 4, busy: 3, gpus: 2 } },
    });
  });

  it('loses the sessions of an outage, pays for no GPU until it boots again, and places on it after that', async () => {
    const outage = { target: 'us-east', startMs: 100_000, endMs: 200_000 };
    const pools = [{ region: 'us-east', bootS: 50 }];
    const arrivals = [anArrival(0, 500, NEAR), anArrival(210, 10, NEAR), anArrival(260, 10, NEAR)];
    const result = await run(aScenario(pools), aTraffic(arrivals, 400, [outage]));
    expect(outcomes(result)).toEqual([0, 'rejected', 260_000]);
    expect(result.arrivals[0]?.lost).toBe(true);
    expect(result.bill).toMatchObject({ paidGpuMs: 300_000, sessionMs: 110_000 });
  });

  it('fills a GPU before it begins another, and loses only what the one held that went down', async () => {
    const outage = { target: 'us-east-h100-2', startMs: 100_000, endMs: 200_000 };
    const pools = [{ region: 'us-east', gpus: 2, slotsPerGpu: 2 }];
    const arrivals = [0, 1, 2].map((atS) => anArrival(atS, 500, NEAR));
    const result = await run(aScenario(pools), aTraffic(arrivals, 400, [outage]));
    expect(result.arrivals.map(({ lost }) => lost)).toEqual([undefined, undefined, true]);
  });

  it('keeps a buffer of free slots when it may scale: more GPUs after a boot, fewer once they are empty', async () => {
    const pools = [{ region: 'us-east', slotsPerGpu: 2, bootS: 100 }];
    const arrivals = [
      anArrival(1, 900, NEAR),
      anArrival(2, 900, NEAR),
      anArrival(3, 60, NEAR),
      anArrival(150, 60, NEAR),
      anArrival(220, 20, NEAR),
    ];
    const result = await run(aScenario(pools, { autoscale: true }), aTraffic(arrivals, 600));
    // The second GPU is asked for at 30 s, when the first is full; a third one at 150 s, and given up at 210 s
    // while it boots, not the one that is empty.
    expect(outcomes(result)).toEqual([1_000, 2_000, 'rejected', 150_000, 220_000]);
    const gpus = result.samples.map(({ regions }) => regions['us-east']?.gpus);
    expect(gpus).toEqual([1, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2]);
  });
});
