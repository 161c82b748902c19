import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BASELINES } from '../baselines/index.ts';
import { anArrival, aScenario, aTraffic } from '../testing/builders.ts';
import { costBoundGpuMs } from './cost-bound.ts';

const NEAR = { 'us-east': 10 };
const ofSlots = (slotsPerGpu: number, gpus = 1) => aScenario([{ region: 'us-east', slotsPerGpu, gpus }]);

describe('the cost bound', () => {
  it('is the integral of the GPUs that the sessions fill, rounded up at every moment', () => {
    const traffic = aTraffic(
      [anArrival(0, 100, NEAR), anArrival(50, 100, NEAR), anArrival(60, 10, NEAR)],
      200,
    );
    // One GPU of two slots from 0 to 150, and another one from 60 to 70, when there are three sessions.
    expect(costBoundGpuMs(ofSlots(2), traffic)).toBe(160_000);
    expect(costBoundGpuMs(ofSlots(1), traffic)).toBe(210_000);
  });

  it('counts from the end of the warm-up to the end of the run', () => {
    const traffic = { ...aTraffic([anArrival(0, 1_000, NEAR)], 200), countFromMs: 50_000 };
    expect(costBoundGpuMs(ofSlots(1), traffic)).toBe(150_000);
  });

  it('is never above what is paid for by whoever serves everybody at once', () => {
    const arrivals = fc.array(
      fc
        .tuple(fc.nat(500), fc.integer({ min: 1, max: 300 }))
        .map(([atS, durationS]) => anArrival(atS, durationS, NEAR)),
      { maxLength: 20 },
    );
    const [spill] = BASELINES;
    return fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 4 }), async (all, slots) => {
        const traffic = aTraffic(all, 900);
        const autoscaled = { ...ofSlots(slots, 20), autoscale: true };
        const run = await spill?.run(autoscaled, traffic, { seed: 1 });
        if (run?.arrivals.some(({ placedAtMs }, i) => placedAtMs !== traffic.arrivals[i]?.atMs)) return;
        expect(run?.bill.paidGpuMs).toBeGreaterThanOrEqual(costBoundGpuMs(autoscaled, traffic));
      }),
      { numRuns: 60 },
    );
  });
});
