import { describe, expect, it } from '@jest/globals';
import type { ArrivalResult, RunResult } from './contender.ts';
import { summarize } from './summary.ts';
import { aScenario, comes, trafficOf } from './testing/a-scenario.ts';

const HOUR_MS = 3_600_000;
const placed = (rttMs: number, placedAtMs = 0): ArrivalResult => ({ outcome: 'placed', rttMs, placedAtMs });

const runOf = (arrivals: readonly ArrivalResult[]): RunResult => ({
  ...{ contender: 'it', arrivals, samples: [], migrations: 0, decisionNs: [] },
  bill: { paidGpuMs: 2 * HOUR_MS, busyGpuMs: HOUR_MS, sessionMs: 8 * HOUR_MS, costGbp: 4 },
});

describe('the figures of a run', () => {
  it('count attainment over all arrivals, also those that got nothing', () => {
    const traffic = trafficOf([comes(0, 1), comes(0, 1), comes(0, 1), comes(0, 1)]);
    const results: ArrivalResult[] = [
      placed(80),
      placed(81),
      { outcome: 'rejected' },
      { outcome: 'abandoned' },
    ];
    const figures = summarize(aScenario(), traffic, runOf(results));
    expect(figures).toMatchObject({ arrivals: 4, sloAttainment: 0.25, rejected: 0.25, abandoned: 0.25 });
    expect(figures).toMatchObject({
      sessionsPerGpu: 4,
      paidGpuHours: 2,
      busyGpuHours: 1,
      gbpPerUserHour: 0.5,
    });
  });

  it('leave out the warm-up', () => {
    const traffic = trafficOf([comes(0, 1), comes(10, 1)], { countFromMs: 300_000 });
    const figures = summarize(aScenario(), traffic, runOf([{ outcome: 'rejected' }, placed(10, 610_000)]));
    expect(figures).toMatchObject({ arrivals: 1, sloAttainment: 1, queueWaitSP95: 10 });
  });

  it('tell cities apart: the worst tenth, and Jain’s index', () => {
    const cities = Array.from({ length: 20 }, (_, i) => `city ${i}`);
    const traffic = trafficOf(cities.map((city) => comes(0, 1, { city })));
    const figures = summarize(aScenario(), traffic, runOf(cities.map((_, i) => placed(i < 5 ? 200 : 20))));
    expect(figures.worstDecileCity).toBe(0);
    expect(figures.jainIndex).toBeCloseTo(15 / 20, 9);
  });

  it('compare the wait with the one that was told', () => {
    const traffic = trafficOf([comes(0, 1), comes(0, 1)]);
    const run = runOf([{ ...placed(10, 30_000), etaMs: 20_000 }, placed(10)]);
    expect(summarize(aScenario(), traffic, run).etaErrorSP50).toBe(10);
  });
});
