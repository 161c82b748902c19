// The arrivals of a run, from a seed: those that were given, those that follow a given curve, or a day of users.
import type { Scenario } from '../scenario.ts';
import { dayOf } from './day.ts';
import { followCurve } from './follow-curve.ts';
import type { GivenArrival, TrafficInputs } from './inputs.ts';
import type { Arrival, Traffic } from './traffic.ts';
import { Users } from './users.ts';

const MINUTE_MS = 60_000;
/** A run on given arrivals goes on this long after the last one, for those that wait. */
const TAIL_MS = 10 * MINUTE_MS;

/** The traffic of one run. @throws BadInput when the inputs do not fit together or the scenario */
export function makeTraffic(scenario: Scenario, seed: number, inputs: TrafficInputs = {}): Traffic {
  const users = new Users(scenario, seed, inputs);
  const outages = inputs.outages ?? [];
  const span = { cities: users.cities, outages };
  if (inputs.arrivals) {
    const arrivals = given(users, inputs.arrivals);
    return { ...span, arrivals, countFromMs: 0, endMs: (arrivals.at(-1)?.atMs ?? 0) + TAIL_MS };
  }
  const countFromMs = scenario.warmupS * 1_000;
  const shifted = { ...span, countFromMs, outages: outages.map((outage) => later(outage, countFromMs)) };
  if (inputs.concurrency) {
    const endMs = countFromMs + (inputs.concurrency.at(-1)?.atS ?? 0) * 1_000;
    return { ...shifted, endMs, arrivals: followCurve(users, inputs.concurrency, countFromMs, endMs) };
  }
  const endMs = countFromMs + scenario.durationS * 1_000;
  return { ...shifted, endMs, arrivals: dayOf(users, countFromMs, endMs) };
}

const later = <T extends { readonly startMs: number; readonly endMs: number }>(
  outage: T,
  byMs: number,
): T => ({
  ...outage,
  startMs: outage.startMs + byMs,
  endMs: outage.endMs + byMs,
});

function given(users: Users, arrivals: readonly GivenArrival[]): readonly Arrival[] {
  return arrivals.map(({ atS, city, durationS }) =>
    users.user(atS * 1_000, users.named(city), durationS === undefined ? undefined : durationS * 1_000),
  );
}
