import { SeededDraw } from '@meridian/testkit/world';
import type { Scenario, ScenarioRegion } from '../scenario.ts';
import { BUILTIN_CITIES } from './builtin-cities.ts';
import { cumulative, pickBy } from './chance.ts';
import { givenDurations, lognormalDurations, type Durations } from './durations.ts';
import type { TrafficInputs } from './inputs.ts';
import { drawLastMileMs, wayRttMs } from './rtt.ts';
import { BadInput } from './table.ts';
import type { Arrival, City } from './traffic.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Draws the users: where they are, how far from each region, how long they stay. */
export class Users {
  readonly draw: SeededDraw;
  readonly cities: readonly City[];
  readonly durations: Durations;
  readonly longestMs: number;
  readonly scenario: Scenario;
  readonly #rtt: RttOf;
  readonly #byName: ReadonlyMap<string, City>;
  readonly #tenantShares: readonly number[];

  constructor(scenario: Scenario, seed: number, inputs: TrafficInputs) {
    this.scenario = scenario;
    this.draw = new SeededDraw(seed);
    this.cities = citiesOf(scenario, inputs);
    this.#byName = new Map(this.cities.map((city) => [city.city, city]));
    this.#rtt = rttOf(scenario, inputs);
    this.#tenantShares = cumulative(scenario.traffic.tenants.map(({ share }) => share));
    const { medianMinutes: median, p90Minutes: p90, maxMinutes } = scenario.traffic;
    this.longestMs = maxMinutes * MINUTE_MS;
    this.durations = inputs.durations
      ? givenDurations(inputs.durations, this.longestMs)
      : lognormalDurations({ median, p90 }, this.longestMs);
  }

  /** @throws BadInput for a city that is not among those of the run */
  named(city: string): City {
    const found = this.#byName.get(city);
    if (found) return found;
    throw new BadInput(
      `An arrival is in "${city}", which is none of the cities; add it to the file of --cities.`,
    );
  }

  /** Traffic of each city at this time, in the unit of the weights. */
  weightsAt(atMs: number): readonly number[] {
    const { diurnal, startHourUtc } = this.scenario.traffic;
    if (!diurnal) return this.cities.map(({ weight }) => weight);
    const utcHour = startHourUtc + (atMs - this.scenario.warmupS * 1_000) / HOUR_MS;
    return this.cities.map(({ weight, longitude }) => weight * localShape(utcHour + longitude / 15));
  }

  /** A city by cumulative shares of the traffic. */
  cityBy(shares: readonly number[]): City {
    const city = this.cities[pickBy(shares, this.draw)];
    if (!city) throw new Error('there is no city');
    return city;
  }

  user(atMs: number, { city }: City, durationMs = this.durations.draw(this.draw)): Arrival {
    const { tenants, patienceS } = this.scenario.traffic;
    const tenant = tenants[pickBy(this.#tenantShares, this.draw)];
    return {
      ...{ atMs: Math.round(atMs), city, durationMs: Math.round(Math.min(this.longestMs, durationMs)) },
      rttMs: this.#rtt(this.named(city), this.draw),
      tenantId: tenant?.tenant ?? 'app',
      ...(patienceS === undefined ? {} : { patienceMs: patienceS * 1_000 }),
    };
  }
}

/** Lowest traffic of the day as a share of the highest. An assumption, as is the hour of the peak (docs/simulate.md). */
const TROUGH = 0.25;
const PEAK_HOUR = 21;

/** Traffic by local time, 1 at its peak: a cosine between 25 % at 9 in the morning and the evening's peak. */
const localShape = (localHour: number): number =>
  TROUGH + (1 - TROUGH) * (0.5 + 0.5 * Math.cos(((localHour - PEAK_HOUR) / 24) * 2 * Math.PI));

type RttOf = (city: City, draw: SeededDraw) => Readonly<Record<string, number>>;

function rttOf({ regions }: Scenario, { rtt }: TrafficInputs): RttOf {
  const places = regions.map((region) => ({ ...region, name: region.city ?? region.region }));
  const missing = rtt && places.find(({ name }) => !rtt.names.has(name));
  if (missing) {
    const names = [...(rtt?.names ?? [])].slice(0, 5).join(', ');
    throw new BadInput(
      `The RTT matrix has no "${missing.name}", which region ${missing.region} is looked up by; set the region's "city" ` +
        `in the scenario to a name of the matrix, such as ${names}.`,
    );
  }
  if (rtt) return ({ city }) => record(places, ({ name }) => rtt.between(city, name));
  return (city, draw) => {
    const lastMileMs = drawLastMileMs(draw);
    return record(regions, (region) => wayRttMs(city, region) + lastMileMs);
  };
}

const record = <R extends ScenarioRegion>(regions: readonly R[], of: (region: R) => number) =>
  Object.fromEntries(regions.map((region) => [region.region, tenths(of(region))]));

const tenths = (ms: number): number => Math.round(ms * 10) / 10;

function citiesOf({ traffic: { within } }: Scenario, { cities, rtt }: TrafficInputs): readonly City[] {
  const isWithin = ({ latitude, longitude }: City): boolean =>
    within === undefined ||
    within.some((box) => inRange(latitude, box.latitude) && inRange(longitude, box.longitude));
  const known = (cities ?? BUILTIN_CITIES.map((city) => asInMatrix(city, rtt?.names))).filter(
    (city) => isWithin(city) && city.weight > 0,
  );
  const measured = known.filter(({ city }) => rtt?.names.has(city) ?? true);
  if (measured.length > 0 && (cities === undefined || measured.length === known.length)) return measured;
  const [first] = known.filter((city) => !measured.includes(city));
  throw new BadInput(
    first
      ? `The city "${first.city}" is not in the RTT matrix; the names of --cities and --rtt have to be the same.`
      : `No city of the traffic lies in the scenario's traffic.within; widen it or give other cities.`,
  );
}

/** A matrix may write names without spaces. */
const asInMatrix = (city: City, names: ReadonlySet<string> | undefined): City => {
  const joined = city.city.replaceAll(' ', '');
  return names?.has(joined) ? { ...city, city: joined } : city;
};

const inRange = (value: number, [least, most]: readonly [number, number]): boolean =>
  value >= least && value <= most;
