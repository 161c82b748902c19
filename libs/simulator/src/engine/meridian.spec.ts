import { describe, expect, it } from '@jest/globals';
import type { Scenario } from '../scenario.ts';
import { summarize } from '../summary.ts';
import { aPool, aScenario, comes, trafficOf } from '../testing/a-scenario.ts';
import { makeTraffic } from '../traffic/generate.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { meridian } from './meridian.ts';

const run = (scenario: Scenario, traffic: Traffic, seed = 1) => meridian.run(scenario, traffic, { seed });
const MINUTE_MS = 60_000;
/** Nobody is refused for the length of the queue. */
const patient = { ...aScenario().policy, maxWaitMs: 120 * MINUTE_MS };

describe('Meridian on virtual time', () => {
  it('places each user near, and spills when that is full', async () => {
    const traffic = trafficOf([comes(0, 30), comes(1, 30), comes(2, 30)]);
    const { arrivals, bill } = await run(aScenario(), traffic);
    expect(arrivals).toEqual([
      { outcome: 'placed', placedAtMs: 0, region: 'us-east', rttMs: 10 },
      { outcome: 'placed', placedAtMs: MINUTE_MS, region: 'us-east', rttMs: 10 },
      { outcome: 'placed', placedAtMs: 2 * MINUTE_MS, region: 'eu-west', rttMs: 90 },
    ]);
    expect(bill.sessionMs).toBe(90 * MINUTE_MS);
    expect(bill.paidGpuMs).toBe(2 * 60 * MINUTE_MS);
    expect(bill.costGbp).toBeCloseTo(2 * 2.4, 9);
  });

  it('gives a slot that comes free to who waits, and tells how long that may take', async () => {
    const scenario = aScenario({ pools: [aPool('us-east')], policy: patient });
    const traffic = trafficOf([comes(0, 20), comes(0, 30), comes(15, 10)]);
    const { arrivals } = await run(scenario, traffic);
    const [, , waited] = arrivals;
    expect(waited).toMatchObject({ outcome: 'placed', region: 'us-east' });
    expect(waited?.placedAtMs).toBeGreaterThanOrEqual(20 * MINUTE_MS);
    expect(waited?.placedAtMs).toBeLessThan(20 * MINUTE_MS + 2_000);
    expect(waited?.etaMs).toBeGreaterThan(0);
  });

  it('lets latency caps relax with the wait, without a slot coming free', async () => {
    const latencySteps = [
      { afterMs: 0, maxRttMs: 50 },
      { afterMs: 30_000, maxRttMs: null },
    ];
    const scenario = aScenario({ policy: { ...patient, latencySteps } });
    const { arrivals } = await run(scenario, trafficOf([comes(0, 30), comes(0, 30), comes(1, 30)]));
    expect(arrivals[2]).toMatchObject({ outcome: 'placed', region: 'eu-west' });
    expect((arrivals[2]?.placedAtMs ?? 0) - MINUTE_MS).toBeGreaterThanOrEqual(30_000);
    expect((arrivals[2]?.placedAtMs ?? 0) - MINUTE_MS).toBeLessThan(32_000);
  });

  it('counts who leaves the queue', async () => {
    const scenario = aScenario({ pools: [aPool('us-east', { slotsPerGpu: 1 })], policy: patient });
    // Slots came free every minute so far, so a patience of 20 minutes looks long enough.
    const short = Array.from({ length: 10 }, (_, i) => comes(i, 0.9));
    const leaves = comes(11, 10, { patienceMs: 20 * MINUTE_MS });
    const { arrivals, samples } = await run(
      scenario,
      trafficOf([...short, comes(10, 45), leaves, comes(56, 1)]),
    );
    expect(arrivals.slice(10).map(({ outcome }) => outcome)).toEqual(['placed', 'abandoned', 'placed']);
    expect(samples.map(({ queued }) => queued).slice(29, 33)).toEqual([1, 1, 0, 0]);
  });

  it('moves the sessions of a worker that dies, and ends those that find no other', async () => {
    const scenario = aScenario({ pools: [aPool('us-east', { gpus: 2 })] });
    const outage = { target: 'us-east-h100-1', startMs: 10 * MINUTE_MS, endMs: 20 * MINUTE_MS };
    const three = [comes(0, 40), comes(0, 40), comes(0, 40)];
    const { arrivals, migrations, bill, samples } = await run(
      scenario,
      trafficOf(three, { outages: [outage] }),
    );
    expect(migrations).toBe(1);
    expect(arrivals.filter(({ lost }) => lost)).toHaveLength(1);
    expect(bill.paidGpuMs).toBe((60 + 50) * MINUTE_MS);
    expect(samples[15]?.regions['us-east']).toEqual({ slots: 2, busy: 2, gpus: 1 });
    expect(samples[40]?.regions['us-east']).toEqual({ slots: 4, busy: 0, gpus: 2 });
  });

  it('ends the sessions of a region that is gone, and places newcomers elsewhere', async () => {
    const outage = { target: 'us-east', startMs: 10 * MINUTE_MS, endMs: 20 * MINUTE_MS };
    const arrivals = [comes(0, 40), comes(12, 10), comes(30, 10)];
    const result = await run(aScenario(), trafficOf(arrivals, { outages: [outage] }));
    expect(result.arrivals.map(({ region, lost }) => [region, lost === true])).toEqual([
      ['us-east', true],
      ['eu-west', false],
      ['us-east', false],
    ]);
  });

  it('asks for GPUs when they are wanted and gives them back', async () => {
    const pool = aPool('us-east', { slotsPerGpu: 4, gpus: 2, bootS: 120 });
    const scenario = aScenario({
      pools: [pool],
      autoscale: true,
      policy: patient,
    });
    const crowd = Array.from({ length: 20 }, (_, i) => comes(20 + i / 2, 30));
    const { samples, arrivals } = await run(scenario, trafficOf(crowd, { endMs: 120 * MINUTE_MS }));
    const gpus = samples.map(({ regions }) => regions['us-east']?.gpus ?? 0);
    expect(Math.max(...gpus.slice(20, 60))).toBeGreaterThanOrEqual(5);
    expect(gpus.at(-1)).toBe(1);
    expect(arrivals.every(({ outcome }) => outcome === 'placed')).toBe(true);
  });

  it('takes a GPU back that drains, and offers it at once, where a new one would boot for long', async () => {
    const pool = aPool('us-east', { slotsPerGpu: 20, gpus: 2, bootS: 1_800 });
    const scenario = aScenario({ pools: [pool], autoscale: true, policy: patient });
    // The first GPU drains with three sessions; as two of them end it hears of that, and says so.
    const first = [170, 60, 70, ...Array<number>(17).fill(20)];
    const second = [...Array<number>(4).fill(170), ...Array<number>(16).fill(20)];
    const again = Array.from({ length: 18 }, () => comes(100, 30));
    const { arrivals, samples } = await run(
      scenario,
      trafficOf([...[...first, ...second].map((minutes) => comes(0, minutes)), ...again], {
        endMs: 180 * MINUTE_MS,
      }),
    );
    expect(samples[50]?.regions['us-east']).toEqual({ slots: 23, busy: 7, gpus: 2 });
    expect(samples[99]?.regions['us-east']).toEqual({ slots: 21, busy: 5, gpus: 2 });
    const waitedMs = arrivals.slice(40).map(({ placedAtMs = Infinity }) => placedAtMs - 100 * MINUTE_MS);
    expect(Math.max(...waitedMs)).toBeLessThan(MINUTE_MS);
  });

  it('does the same for the same seed, but for the wall time', async () => {
    const scenario = aScenario({ traffic: { peakConcurrent: 6 }, durationS: 7_200 });
    const traffic = makeTraffic(scenario, 5);
    const [{ decisionNs: _one, ...one }, { decisionNs: _two, ...two }] = [
      await run(scenario, traffic, 5),
      await run(scenario, traffic, 5),
    ];
    expect(JSON.stringify(one)).toBe(JSON.stringify(two));
    const { arrivals, rejected, abandoned, sloAttainment } = summarize(scenario, traffic, {
      ...one,
      decisionNs: [],
    });
    expect(arrivals).toBeGreaterThan(5);
    expect(rejected + abandoned + sloAttainment).toBeLessThanOrEqual(1);
  });
});
