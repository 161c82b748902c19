// Small scenarios and arrivals for specs; times in s.
import { scenarioSchema, type Scenario } from '../scenario.ts';
import type { Arrival, Outage, Traffic } from '../traffic/traffic.ts';

export interface SmallPool {
  readonly region: string;
  readonly slotsPerGpu?: number;
  readonly gpus?: number;
  readonly maxGpus?: number;
  readonly bootS?: number;
}

/** Nothing warms up, waits are `maxWaitS` at most and RTTs are capped by `latencySteps` alone. */
export function aScenario(
  pools: readonly SmallPool[],
  over: Partial<Pick<Scenario, 'autoscale'>> & {
    readonly maxWaitS?: number;
    readonly latencySteps?: Scenario['policy']['latencySteps'];
  } = {},
): Scenario {
  const { maxWaitS = 0, latencySteps = [], autoscale = false } = over;
  return scenarioSchema.parse({
    ...{ name: 'small', durationS: 3_600, warmupS: 0, slo: { rttMs: 80 }, autoscale },
    regions: pools.map(({ region }) => ({ region, jurisdiction: 'us', latitude: 0, longitude: 0 })),
    pools: pools.map((pool) => ({ slotsPerGpu: 1, gpus: 1, pricePerGpuHourGbp: 2, ...pool })),
    traffic: { peakConcurrent: 1 },
    policy: { targetActionToFrameMs: 110, latencySteps, maxWaitMs: maxWaitS * 1_000 },
  });
}

/** `rttMs` by region; a region that is missing is not measured. */
export const anArrival = (
  atS: number,
  durationS: number,
  rttMs: Arrival['rttMs'],
  patienceS?: number,
): Arrival => ({
  ...{ atMs: atS * 1_000, durationMs: durationS * 1_000, rttMs, city: 'here', tenantId: 'app' },
  ...(patienceS === undefined ? {} : { patienceMs: patienceS * 1_000 }),
});

export const aTraffic = (
  arrivals: readonly Arrival[],
  endS = 3_600,
  outages: readonly Outage[] = [],
): Traffic => ({
  arrivals: arrivals.toSorted((a, b) => a.atMs - b.atMs),
  cities: [],
  outages,
  countFromMs: 0,
  endMs: endS * 1_000,
});
