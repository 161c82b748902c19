// What the RTT of a client to a region is taken to be: measured lately, or estimated and marked so.
import type { SessionRequest } from '../session/session.ts';
import type { CapacitySnapshot, Location, RegionSnapshot } from './snapshot.ts';

/** A measurement older than this is stale: a client has moved from its desk to a train by then, ms. */
export const RTT_STALE_MS = 600_000;
/** A stale measurement may be off by this much of itself: what it once was, and half of that again. */
const STALE_MARGIN = 1.5;

/**
 * Taken for a region of which nothing is known, ms. The median RTT from a city anywhere to one that hosts a cloud is
 * 209 ms (`../shared/data/rtt_217_cities_ms.csv`, 217 cities to 23), so any region that was measured nearby goes first.
 */
export const UNMEASURED_RTT_MS = 200;

export interface Rtt {
  /** Expected, ms. */
  readonly ms: number;
  /** What a cap is held against, ms: of an estimate the upper end, for a cap is a promise. */
  readonly atMostMs: number;
  /** Not measured, or too long ago. */
  readonly isEstimated: boolean;
}

const UNKNOWN: Rtt = { ms: UNMEASURED_RTT_MS, atMostMs: UNMEASURED_RTT_MS, isEstimated: true };

/** A region that the client measured, whose place is known. */
interface Reference {
  readonly rttMs: number;
  readonly at: Location;
}

/** The nearest three bound an RTT about as tightly as all do. */
const MOST_REFERENCES = 3;

/** The client's RTTs to the regions of a snapshot; `takenAtMs` of the snapshot is now. */
export function rttsOf(
  request: Pick<SessionRequest, 'rttMs' | 'rttMeasuredAtMs'>,
  { regions, takenAtMs }: CapacitySnapshot,
): (region: RegionSnapshot) => Rtt {
  const isStale = takenAtMs - (request.rttMeasuredAtMs ?? takenAtMs) > RTT_STALE_MS;
  let references: readonly Reference[] | undefined;
  return ({ region, location }) => {
    const rttMs = request.rttMs[region];
    if (rttMs !== undefined) {
      return { ms: rttMs, atMostMs: isStale ? rttMs * STALE_MARGIN : rttMs, isEstimated: isStale };
    }
    references ??= referencesOf(request, regions);
    return location === undefined || references.length === 0 ? UNKNOWN : estimate(location, references);
  };
}

const referencesOf = (
  request: Pick<SessionRequest, 'rttMs'>,
  regions: readonly RegionSnapshot[],
): readonly Reference[] =>
  regions
    .flatMap(({ region, location }) => {
      const rttMs = request.rttMs[region];
      return rttMs === undefined || location === undefined ? [] : [{ rttMs, at: location }];
    })
    .sort((a, b) => a.rttMs - b.rttMs)
    .slice(0, MOST_REFERENCES);

/** Upper ends of such estimates, raised by this much, held for 88 to 96 % of the pairs tried below. */
const UPPER_MARGIN = 1.2;

/**
 * By the triangle inequality over a region that was measured the RTT is at least the difference of the two legs and
 * at most their sum. Expected is the middle of what all references leave. Tried on the RTTs of 217 cities to 23 that
 * host clouds (`../shared/data`): with 1, 2, 3 and 5 regions measured half of the estimates were within 54, 31, 23
 * and 19 ms; for `UNMEASURED_RTT_MS` the mean error is 88 ms.
 */
function estimate(location: Location, references: readonly Reference[]): Rtt {
  let [least, most] = [0, Infinity];
  for (const { rttMs, at } of references) {
    const betweenMs = rttMsBetween(location, at);
    least = Math.max(least, Math.abs(rttMs - betweenMs));
    most = Math.min(most, rttMs + betweenMs);
  }
  const ms = (Math.min(least, most) + most) / 2;
  return { ms: Math.round(ms), atMostMs: Math.round(most * UPPER_MARGIN), isEstimated: true };
}

const EARTH_RADIUS_KM = 6371;

/**
 * RTT between two data centres, ms: 7 + 0.016 a great-circle km. Median regression over the pairs of 23 cities that
 * host clouds in `../shared/data/rtt_217_cities_ms.csv`; half of them lie within 12 ms of it. Light in fibre alone
 * takes 0.01 ms a km there and back.
 */
export const rttMsBetween = (a: Location, b: Location): number => 7 + 0.016 * kmBetween(a, b);

/** Great-circle distance by the haversine formula. */
function kmBetween(a: Location, b: Location): number {
  const [latA, latB] = [radians(a.latitude), radians(b.latitude)];
  const h =
    Math.sin((latB - latA) / 2) ** 2 +
    Math.cos(latA) * Math.cos(latB) * Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
