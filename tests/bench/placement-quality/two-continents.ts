// 150 cities of North America and Europe, their RTTs to four regions, and a fleet as large as a share of the peak.
import {
  makeTraffic,
  readCities,
  readRtt,
  scenarioSchema,
  type City,
  type Scenario,
  type Traffic,
  type TrafficInputs,
} from '@meridian/simulator';
import { existsSync, readFileSync } from 'node:fs';

const SLO_RTT_MS = 80;
const SLOTS_PER_GPU = 5;
/** Of a step, its encoding and half a frame's time, which stand between an RTT and an action-to-frame time, ms. */
const SERVE_MS = 8 + 2 + 20;
/** How long a user waits for a place, s. */
const PATIENCE_S = 60;
const CITIES = 150;
const AMERICA = { latitude: [14, 75], longitude: [-170, -50] } as const;
const EUROPE = { latitude: [34, 72], longitude: [-25, 45] } as const;

const REGIONS = [
  { region: 'us-east', jurisdiction: 'us', latitude: 38.9, longitude: -77, city: 'Washington' },
  { region: 'us-west', jurisdiction: 'us', latitude: 37.3, longitude: -121.9, city: 'SanJose' },
  { region: 'eu-central', jurisdiction: 'eu', latitude: 50.1, longitude: 8.7, city: 'Frankfurt' },
  { region: 'eu-west', jurisdiction: 'eu', latitude: 51.5, longitude: -0.1, city: 'London' },
] as const;

export interface Cities {
  readonly inputs: TrafficInputs;
  /** Where they are from. */
  readonly source: string;
}

/** The measured cities, all with the same share of the users; without the files the simulator's own, and generated RTTs. */
export function citiesFrom(folder: string): Cities {
  const files = { cities: `${folder}/cities.csv`, rtt: `${folder}/rtt_217_cities_ms.csv` };
  if (!existsSync(files.cities) || !existsSync(files.rtt)) {
    return { inputs: {}, source: `generated cities and RTTs, since there is no ${folder}` };
  }
  const rtt = readRtt({ file: files.rtt, text: measuredOnly(readFileSync(files.rtt, 'utf8')) });
  const measured = (city: City): boolean =>
    rtt.names.has(city.city) &&
    REGIONS.every((region) => Number.isFinite(rtt.between(city.city, region.city)));
  const cities = readCities({ file: files.cities, text: readFileSync(files.cities, 'utf8') })
    .filter((city) => [AMERICA, EUROPE].some((box) => isWithin(city, box)) && measured(city))
    .slice(0, CITIES);
  return { inputs: { cities, rtt }, source: `${cities.length} cities of ${folder}` };
}

/** Nobody measured to some cities; they are left out, lines and columns. */
function measuredOnly(text: string): string {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const keeps = rows.map((cells) => cells.slice(1).filter((cell) => cell === '').length < cells.length / 2);
  return rows
    .filter((_, i) => keeps[i])
    .map((cells) => cells.filter((_, i) => keeps[i]).join(','))
    .join('\n');
}

const isWithin = (city: City, box: typeof AMERICA | typeof EUROPE): boolean =>
  city.latitude >= box.latitude[0] &&
  city.latitude <= box.latitude[1] &&
  city.longitude >= box.longitude[0] &&
  city.longitude <= box.longitude[1];

/** One day, from the hour with the least traffic; its users are the same whatever the fleet. */
export function dayOf(peakConcurrent: number, seed: number, { inputs }: Cities): Traffic {
  return makeTraffic(
    scenarioOf(
      peakConcurrent,
      REGIONS.map(() => 1),
    ),
    seed,
    inputs,
  );
}

/**
 * A fleet of `capacity` x the most sessions that this day has at a time, if each is placed at once. Regions get shares
 * in proportion to the most sessions at a time for whom each is nearest: what an operator would rent who knows yesterday.
 */
export function fleetFor(peakConcurrent: number, traffic: Traffic, capacity: number): Scenario {
  const gpus = (capacity * peakOf(traffic, () => true)) / SLOTS_PER_GPU;
  const shares = REGIONS.map(({ region }) =>
    peakOf(traffic, ({ rttMs }) =>
      REGIONS.every((other) => (rttMs[region] ?? 0) <= (rttMs[other.region] ?? 0)),
    ),
  );
  return scenarioOf(peakConcurrent, apportion(Math.round(gpus), shares));
}

function scenarioOf(peakConcurrent: number, gpus: readonly number[]): Scenario {
  return scenarioSchema.parse({
    name: 'two continents',
    durationS: 86_400,
    slo: { rttMs: SLO_RTT_MS },
    regions: REGIONS,
    pools: REGIONS.map(({ region }, i) => ({
      ...{ region, slotsPerGpu: SLOTS_PER_GPU, gpus: gpus[i], pricePerGpuHourGbp: 2.4 },
    })),
    traffic: { peakConcurrent, startHourUtc: 12, patienceS: PATIENCE_S, within: [AMERICA, EUROPE] },
    policy: {
      targetActionToFrameMs: SLO_RTT_MS + SERVE_MS,
      latencySteps: [{ afterMs: 0, maxRttMs: SLO_RTT_MS }],
      maxWaitMs: PATIENCE_S * 1_000,
    },
  });
}

/** Most sessions at a time of those arrivals, within the day that is counted. */
function peakOf(
  { arrivals, countFromMs }: Traffic,
  has: (arrival: Traffic['arrivals'][number]) => boolean,
): number {
  const changes = arrivals
    .filter(has)
    .flatMap(({ atMs, durationMs }) => [
      { atMs, by: 1 },
      { atMs: atMs + durationMs, by: -1 },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let [active, peak] = [0, 0];
  for (const { atMs, by } of changes) {
    active += by;
    if (atMs >= countFromMs) peak = Math.max(peak, active);
  }
  return peak;
}

/** Whole parts of a total in proportion to shares, by largest remainder. */
function apportion(total: number, shares: readonly number[]): readonly number[] {
  const all = shares.reduce((sum, share) => sum + share, 0);
  const exact = shares.map((share) => (total * share) / all);
  const rest = total - exact.reduce((sum, part) => sum + Math.floor(part), 0);
  const byRemainder = exact
    .map((part, i) => ({ i, remainder: part % 1 }))
    .sort((a, b) => b.remainder - a.remainder);
  const raised = new Set(byRemainder.slice(0, rest).map(({ i }) => i));
  return exact.map((part, i) => Math.floor(part) + Number(raised.has(i)));
}
