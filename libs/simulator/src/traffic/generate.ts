// The arrivals of a run, from a seed: those that were given, those that follow a given curve, or a day of users.
import { SeededDraw } from '@meridian/testkit/world';
import type { Scenario, ScenarioRegion } from '../scenario.ts';
import { BUILTIN_CITIES } from './builtin-cities.ts';
import { givenDurations, lognormalDurations, type Durations } from './durations.ts';
import type { CurvePoint, GivenArrival, TrafficInputs } from './inputs.ts';
import { drawLastMileMs, wayRttMs } from './rtt.ts';
import { BadInput } from './table.ts';
import type { Arrival, City, Traffic } from './traffic.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A run on given arrivals goes on this long after the last one, for those that wait. */
const TAIL_MS = 10 * MINUTE_MS;

/** The traffic of one run. @throws BadInput when the inputs do not fit together or the scenario */
export function makeTraffic(scenario: Scenario, seed: number, inputs: TrafficInputs = {}): Traffic {
  const source = new Source(scenario, seed, inputs);
  const outages = inputs.outages ?? [];
  const span = { cities: source.cities, outages };
  if (inputs.arrivals) {
    const arrivals = given(source, inputs.arrivals);
    return { ...span, arrivals, countFromMs: 0, endMs: (arrivals.at(-1)?.atMs ?? 0) + TAIL_MS };
  }
  const countFromMs = scenario.warmupS * 1_000;
  const shifted = { ...span, countFromMs, outages: outages.map((outage) => later(outage, countFromMs)) };
  if (inputs.concurrency) {
    const endMs = countFromMs + (inputs.concurrency.at(-1)?.atS ?? 0) * 1_000;
    return { ...shifted, endMs, arrivals: following(source, inputs.concurrency, countFromMs, endMs) };
  }
  const endMs = countFromMs + scenario.durationS * 1_000;
  return { ...shifted, endMs, arrivals: day(source, countFromMs, endMs) };
}

const later = <T extends { readonly startMs: number; readonly endMs: number }>(
  outage: T,
  byMs: number,
): T => ({
  ...outage,
  startMs: outage.startMs + byMs,
  endMs: outage.endMs + byMs,
});

/** Draws the users: where they are, how far from each region, how long they stay. */
class Source {
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

function given(source: Source, arrivals: readonly GivenArrival[]): readonly Arrival[] {
  return arrivals.map(({ atS, city, durationS }) =>
    source.user(atS * 1_000, source.named(city), durationS === undefined ? undefined : durationS * 1_000),
  );
}

/** How often arrivals are added to follow a curve, ms. */
const FOLLOW_MS = 10_000;

/** As many arrivals as keep the number of sessions at the curve, if each is placed at once; it climbs to it in the warm-up. */
function following(
  source: Source,
  curve: readonly CurvePoint[],
  countFromMs: number,
  endMs: number,
): readonly Arrival[] {
  const countAt = (atMs: number): number =>
    atMs < countFromMs
      ? interpolate(curve, 0) * (atMs / countFromMs)
      : interpolate(curve, (atMs - countFromMs) / 1_000);
  const arrivals: Arrival[] = [];
  const endsAtStep = new Map<number, number>();
  let active = 0;
  for (let step = 0; step * FOLLOW_MS < endMs; step += 1) {
    const atMs = step * FOLLOW_MS;
    active -= endsAtStep.get(step) ?? 0;
    const shares = cumulative(source.weightsAt(atMs));
    const came = Math.max(0, Math.round(countAt(atMs)) - active);
    for (const offset of sortedOffsets(came, FOLLOW_MS, source.draw)) {
      const arrival = source.user(atMs + offset, cityBy(source, shares));
      arrivals.push(arrival);
      const end = Math.max(step + 1, Math.ceil((arrival.atMs + arrival.durationMs) / FOLLOW_MS));
      endsAtStep.set(end, (endsAtStep.get(end) ?? 0) + 1);
    }
    active += came;
  }
  return arrivals;
}

function interpolate(curve: readonly CurvePoint[], atS: number): number {
  const next = curve.findIndex((point) => point.atS >= atS);
  const [before, after] = [curve[next - 1] ?? curve[0], curve[next] ?? curve.at(-1)];
  if (!before || !after) return 0;
  const share = after.atS === before.atS ? 0 : Math.max(0, (atS - before.atS) / (after.atS - before.atS));
  return before.count + Math.min(1, share) * (after.count - before.count);
}

/**
 * Poisson arrivals that follow the cities' time of day. The rate is set so that the mean number of sessions, were each
 * placed at once, has `peakConcurrent` as its highest. Sessions that run already at the start come in the warm-up.
 */
function day(source: Source, countFromMs: number, endMs: number): readonly Arrival[] {
  const { draw, durations } = source;
  const minutes = Math.ceil(endMs / MINUTE_MS);
  const before = Math.ceil(source.longestMs / MINUTE_MS);
  const weights = Array.from({ length: before + minutes }, (_, i) =>
    source.weightsAt((i - before + 0.5) * MINUTE_MS),
  );
  const rates = weights.map(sum);
  const survival = Array.from({ length: before }, (_, i) => durations.survival((i + 0.5) * MINUTE_MS));
  /** Mean number of sessions in a minute at a rate of one arrival a minute for each unit of weight. */
  const meanAt = (minute: number): number =>
    survival.reduce((total, share, age) => total + share * (rates[before + minute - age] ?? 0), 0);
  const counted = Array.from({ length: minutes }, (_, minute) => meanAt(minute));
  const perUnit = source.scenario.traffic.peakConcurrent / Math.max(...counted);
  const arrivals: Arrival[] = [];
  for (let i = 0; i < weights.length; i += 1) {
    const shares = cumulative(weights[i] ?? []);
    const fromMs = (i - before) * MINUTE_MS;
    for (const offset of sortedOffsets(poisson(perUnit * (rates[i] ?? 0), draw), MINUTE_MS, draw)) {
      const atMs = fromMs + offset;
      const city = cityBy(source, shares);
      if (atMs >= 0) {
        if (atMs < endMs) arrivals.push(source.user(atMs, city));
        continue;
      }
      const endsAtMs = atMs + durations.draw(draw);
      const comesAtMs = draw.next() * countFromMs;
      if (endsAtMs > comesAtMs) arrivals.push(source.user(comesAtMs, city, endsAtMs - comesAtMs));
    }
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}

function cityBy({ cities, draw }: Source, shares: readonly number[]): City {
  const city = cities[pickBy(shares, draw)];
  if (!city) throw new Error('there is no city');
  return city;
}

/** `count` uniform times in [0, ms), in order. */
const sortedOffsets = (count: number, ms: number, draw: SeededDraw): readonly number[] =>
  Array.from({ length: count }, () => draw.next() * ms).sort((a, b) => a - b);

/** Knuth's product for small means, in parts of at most 30 so that the product stays a number. */
function poisson(mean: number, draw: SeededDraw): number {
  if (mean > 30) return poisson(30, draw) + poisson(mean - 30, draw);
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = draw.next(); product > limit; product *= draw.next()) count += 1;
  return count;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function cumulative(weights: readonly number[]): readonly number[] {
  let total = 0;
  return weights.map((weight) => (total += weight));
}

/** The index that a draw falls on, by cumulative shares. */
function pickBy(shares: readonly number[], draw: SeededDraw): number {
  const wanted = draw.next() * (shares.at(-1) ?? 0);
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
