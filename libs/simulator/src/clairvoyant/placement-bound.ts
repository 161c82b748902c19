import type { Scenario } from '../scenario.ts';
import type { Arrival, Traffic } from '../traffic/traffic.ts';
import { largest } from './highs.ts';
import { placementProgram, type Stay } from './placement-lp.ts';

/**
 * Most sessions x pools that the program is built for. A day of 1,000 sessions at a time in four pools (22,000 arrivals)
 * took 10 s on one core, one of 3,000 a minute; HiGHS in WebAssembly has 32-bit addresses, 4 GiB.
 */
export const CHOICES_MAX = 150_000;
/** Jobs look at the queue on a grid, so that somebody may be placed this much after the longest wait, ms. */
const LATE_MS = 10_000;

export type PlacementBound =
  | {
      readonly kind: 'bound';
      /** Sessions within the SLO, of those that are counted. */
      readonly placed: number;
      /** The same as a share of all that are counted. */
      readonly attainment: number;
    }
  | { readonly kind: 'too_big'; readonly choices: number; readonly choicesMax: number };

/**
 * SLO attainment that nobody can exceed: the clairvoyant optimum over the whole run, by linear program. It knows all
 * arrivals and durations, and may refuse whomever it likes.
 *
 * It stays a bound where it simplifies:
 * - Somebody who may wait w could begin at any time within it. Whenever that is, the session is there from
 *   `arrival + w` to `arrival + duration`, and only then does it take room here.
 * - Arrivals of the warm-up do not count; it refuses all of them.
 * - An outage ends the sessions of its pool in favour of the bound: they take no room from then on, and its slots stay.
 * - With autoscaling every pool has its `maxGpus` all the time.
 */
export async function placementBound(scenario: Scenario, traffic: Traffic): Promise<PlacementBound> {
  const counted = traffic.arrivals.filter(({ atMs }) => atMs >= traffic.countFromMs);
  const stays = counted.map((arrival) => stayOf(arrival, scenario, traffic));
  const choices = stays.reduce((sum, stay) => sum + stay.length, 0);
  if (choices > CHOICES_MAX) return { kind: 'too_big', choices, choicesMax: CHOICES_MAX };
  const { lp, certain } = placementProgram(stays, slotsOf(scenario));
  const placed = certain + (await largest(lp));
  return { kind: 'bound', placed, attainment: counted.length === 0 ? 1 : placed / counted.length };
}

function stayOf(arrival: Arrival, { pools, policy, slo }: Scenario, { outages }: Traffic): Stay {
  const { atMs, durationMs, rttMs, patienceMs = Infinity } = arrival;
  const fromMs = atMs + Math.min(patienceMs, policy.maxWaitMs + LATE_MS);
  return pools.flatMap(({ region, gpuType }, pool) => {
    if (!((rttMs[region] ?? Infinity) <= slo.rttMs)) return [];
    const cuts = outages
      .filter(
        ({ target, startMs }) =>
          startMs >= atMs && (target === region || target.startsWith(`${region}-${gpuType}-`)),
      )
      .map(({ startMs }) => startMs);
    return [{ pool, fromMs, toMs: Math.min(atMs + durationMs, ...cuts) }];
  });
}

const slotsOf = ({ pools, autoscale }: Scenario): readonly number[] =>
  pools.map(({ slotsPerGpu, gpus, maxGpus = Infinity }) => slotsPerGpu * (autoscale ? maxGpus : gpus));
