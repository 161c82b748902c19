// RTT where nobody measured it: the way of light in fibre times what routes add, and the user's access.
import type { SeededDraw } from '@meridian/testkit/world';
import { lognormal, type Lognormal } from './durations.ts';

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** Mean radius of the earth, km. */
const EARTH_KM = 6_371;
/** Light in fibre goes 200 km in a ms (refractive index 1.5): an RTT of 1 ms for every 100 km. */
const KM_PER_RTT_MS = 100;
/**
 * What routes add to the great circle. Least absolute deviation of the RTTs between 156 cities of North America and
 * Europe (public pings, 12,090 pairs) from `a + b x km / 100`: b = 1.48; docs/simulate.md.
 */
const ROUTE_FACTOR = 1.48;
/**
 * The part that does not grow with distance, here taken for the user's access: a is 13.5 ms in that fit; p90 30 ms is an
 * assumption within what is seen of home connections (Bajpai et al., Dissecting Last-mile Latency Characteristics, CCR 2017).
 */
const LAST_MILE: Lognormal = { median: 13.5, p90: 30 };

/** Great-circle distance by the haversine formula, km. */
export function distanceKm(a: Place, b: Place): number {
  const [latA, latB] = [radians(a.latitude), radians(b.latitude)];
  const [halfLat, halfLong] = [(latB - latA) / 2, radians(b.longitude - a.longitude) / 2];
  const chord = Math.sin(halfLat) ** 2 + Math.cos(latA) * Math.cos(latB) * Math.sin(halfLong) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, chord)));
}

/** RTT of the way between two places without the user's access, ms. */
export const wayRttMs = (a: Place, b: Place): number => (ROUTE_FACTOR * distanceKm(a, b)) / KM_PER_RTT_MS;

/** One user's access, ms; the same towards every region. */
export const drawLastMileMs = (draw: SeededDraw): number => lognormal(LAST_MILE, draw);

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
