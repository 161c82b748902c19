import { scenarioSchema, type Scenario } from '../scenario.ts';
import type { Arrival, Traffic } from '../traffic/traffic.ts';

type Wanted = Omit<Partial<Scenario>, 'traffic' | 'policy'> & {
  readonly traffic?: Partial<Scenario['traffic']>;
  readonly policy?: Partial<Scenario['policy']>;
};

/** Two regions with one GPU of two slots each, for an hour without warm-up, unless told. */
export const aScenario = ({ traffic, ...over }: Wanted = {}): Scenario =>
  scenarioSchema.parse({
    ...{ name: 'a test', durationS: 3_600, warmupS: 0 },
    regions: [
      { region: 'us-east', jurisdiction: 'us', latitude: 38.9, longitude: -77, city: 'Washington' },
      { region: 'eu-west', jurisdiction: 'eu', latitude: 51.5, longitude: -0.1, city: 'London' },
    ],
    pools: [aPool('us-east'), aPool('eu-west')],
    traffic: { peakConcurrent: 3, ...traffic },
    ...over,
  });

export const aPool = (region: string, over: object = {}): Scenario['pools'][number] => ({
  ...{ region, gpuType: 'h100', slotsPerGpu: 2, gpus: 1, pricePerGpuHourGbp: 2.4, bootS: 300 },
  ...{ stepMs: 8, encodeMs: 2 },
  ...over,
});

const MINUTE_MS = 60_000;

/** A user near to us-east who comes after so many minutes and stays for so many. */
export const comes = (atMinutes: number, minutes: number, over: Partial<Arrival> = {}): Arrival => ({
  ...{ atMs: atMinutes * MINUTE_MS, durationMs: minutes * MINUTE_MS, city: 'Washington', tenantId: 'app' },
  rttMs: { 'us-east': 10, 'eu-west': 90 },
  ...over,
});

export const trafficOf = (arrivals: readonly Arrival[], over: Partial<Traffic> = {}): Traffic => ({
  ...{ arrivals, cities: [], outages: [], countFromMs: 0, endMs: 60 * MINUTE_MS },
  ...over,
});
