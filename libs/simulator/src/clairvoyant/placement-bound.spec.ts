import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BASELINES } from '../baselines/index.ts';
import type { Contender } from '../contender.ts';
import { meridian } from '../engine/meridian.ts';
import type { Scenario } from '../scenario.ts';
import { summarize } from '../summary.ts';
import { anArrival, aScenario, aTraffic } from '../testing/builders.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { CHOICES_MAX, placementBound } from './placement-bound.ts';

const ONE = [{ region: 'us-east' }];
const NEAR = { 'us-east': 10 };
const FAR = { 'us-east': 90 };
const placedOf = async (scenario: Scenario, traffic: Traffic): Promise<number> => {
  const bound = await placementBound(scenario, traffic);
  if (bound.kind !== 'bound') throw new Error(bound.kind);
  return bound.placed;
};

describe('the clairvoyant bound', () => {
  it('counts sessions within the SLO only', async () => {
    const traffic = aTraffic([anArrival(0, 10, FAR), anArrival(20, 10, NEAR)]);
    expect(await placementBound(aScenario(ONE), traffic)).toEqual({
      kind: 'bound',
      placed: 1,
      attainment: 0.5,
    });
  });

  it('lets somebody begin late who may wait', async () => {
    const arrivals = (patienceS: number) => [anArrival(0, 60, NEAR, 0), anArrival(50, 60, NEAR, patienceS)];
    const scenario = aScenario(ONE, { maxWaitS: 300 });
    expect(await placedOf(scenario, aTraffic(arrivals(9)))).toBeCloseTo(1, 9);
    expect(await placedOf(scenario, aTraffic(arrivals(10)))).toBeCloseTo(2, 9);
  });

  it('does not wait for longer than the policy lets anybody', async () => {
    const traffic = aTraffic([anArrival(0, 600, NEAR, 0), anArrival(300, 600, NEAR)]);
    expect(await placedOf(aScenario(ONE, { maxWaitS: 60 }), traffic)).toBeCloseTo(1, 9);
    expect(await placedOf(aScenario(ONE, { maxWaitS: 600 }), traffic)).toBeCloseTo(2, 9);
  });

  it('refuses those of the warm-up, who do not count', async () => {
    const traffic = aTraffic([anArrival(0, 600, NEAR), anArrival(60, 60, NEAR)]);
    expect(await placementBound(aScenario(ONE), { ...traffic, countFromMs: 30_000 })).toEqual({
      ...{ kind: 'bound', placed: 1, attainment: 1 },
    });
  });

  it('takes no room for a session once an outage has ended it', async () => {
    const arrivals = [anArrival(0, 600, NEAR, 0), anArrival(120, 600, NEAR, 0)];
    const outage = { target: 'us-east-h100-1', startMs: 60_000, endMs: 90_000 };
    expect(await placedOf(aScenario(ONE), aTraffic(arrivals, 3_600))).toBeCloseTo(1, 6);
    expect(await placedOf(aScenario(ONE, {}), aTraffic(arrivals, 3_600, [outage]))).toBeCloseTo(2, 6);
  });

  it('has as many slots as autoscaling may ask for', async () => {
    const traffic = aTraffic([anArrival(0, 60, NEAR), anArrival(0, 60, NEAR), anArrival(0, 60, NEAR)]);
    const pools = [{ region: 'us-east', gpus: 0, maxGpus: 2 }];
    expect(await placedOf(aScenario(pools, { autoscale: true }), traffic)).toBeCloseTo(2, 9);
  });

  it('says so when there is too much to solve', async () => {
    const one = anArrival(0, 1, NEAR);
    const traffic = aTraffic(Array.from({ length: CHOICES_MAX + 1 }, () => one));
    const choices = CHOICES_MAX + 1;
    expect(await placementBound(aScenario(ONE), traffic)).toEqual({
      ...{ kind: 'too_big', choices, choicesMax: CHOICES_MAX },
    });
  });
});

const rtt = fc.constantFrom(10, 60, 79, 81, 200);
const someArrival = fc
  .tuple(fc.nat(300), fc.integer({ min: 1, max: 200 }), rtt, rtt, fc.option(fc.constantFrom(0, 20, 100)))
  .map(([atS, durationS, east, west, patienceS]) =>
    anArrival(atS, durationS, { 'us-east': east, 'us-west': west }, patienceS ?? undefined),
  );
const someOutage = fc
  .tuple(
    fc.constantFrom('us-east', 'us-west', 'us-east-h100-1'),
    fc.nat(300),
    fc.integer({ min: 5, max: 100 }),
  )
  .map(([target, startS, lengthS]) => ({
    target,
    startMs: startS * 1_000,
    endMs: (startS + lengthS) * 1_000,
  }));
const someRun = fc
  .record({
    arrivals: fc.array(someArrival, { minLength: 1, maxLength: 14 }),
    outages: fc.array(someOutage, { maxLength: 1 }),
    gpus: fc.tuple(fc.nat(2), fc.nat(2)),
    maxWaitS: fc.constantFrom(0, 30, 120),
    capMs: fc.constantFrom(80, null),
  })
  .map(({ arrivals, outages, gpus: [east, west], maxWaitS, capMs }) => ({
    traffic: aTraffic(arrivals, 900, outages),
    scenario: aScenario(
      [
        { region: 'us-east', gpus: east, slotsPerGpu: 2, bootS: 10 },
        { region: 'us-west', gpus: west, bootS: 10 },
      ],
      { maxWaitS, latencySteps: capMs === null ? [] : [{ afterMs: 0, maxRttMs: capMs }] },
    ),
  }));

async function attainmentOf(contender: Contender, scenario: Scenario, traffic: Traffic): Promise<number> {
  const run = await contender.run(scenario, traffic, { seed: 1 });
  return summarize(scenario, traffic, run).sloAttainment;
}

describe('the clairvoyant bound, over drawn runs with waits and outages', () => {
  it.each(BASELINES.map((contender) => [contender.name, contender] as const))(
    'is never below %s',
    (_, contender) =>
      fc.assert(
        fc.asyncProperty(someRun, async ({ scenario, traffic }) => {
          const bound = await placementBound(scenario, traffic);
          const attainment = await attainmentOf(contender, scenario, traffic);
          expect(bound.kind === 'bound' && bound.attainment).toBeGreaterThanOrEqual(attainment - 1e-6);
        }),
        { numRuns: 60 },
      ),
  );

  it('is never below Meridian', () =>
    fc.assert(
      fc.asyncProperty(someRun, async ({ scenario, traffic }) => {
        const bound = await placementBound(scenario, traffic);
        const attainment = await attainmentOf(meridian, scenario, traffic);
        expect(bound.kind === 'bound' && bound.attainment).toBeGreaterThanOrEqual(attainment - 1e-6);
      }),
      { numRuns: 40 },
    ));
});
