// A fleet far larger than any of today's, and requests of every kind; all from a seed.
import {
  poolIdOf,
  type Location,
  type PoolSnapshot,
  type RegionId,
  type RegionSnapshot,
  type SessionId,
  type SessionRequest,
  type TenantId,
  type WorkerId,
} from '@meridian/domain';
import type { SeededDraw } from '@meridian/testkit/world';

export interface FleetSize {
  readonly regions: number;
  readonly pools: number;
  readonly workers: number;
}

const SLOTS = 8;
const BUSY = 0.85;
const JURISDICTIONS = ['us', 'eu', 'ap'];

export const regionName = (i: number): RegionId => `region-${i}` as RegionId;
export const jurisdictionOf = (i: number): string => JURISDICTIONS[i % JURISDICTIONS.length] as string;

export const locationsFor = (regions: number, draw: SeededDraw): readonly Location[] =>
  Array.from({ length: regions }, () => ({
    latitude: draw.next() * 110 - 50,
    longitude: draw.next() * 360 - 180,
  }));

/** One region's part of the fleet, as its registry would tell it: new values each time, 85 % of the slots busy. */
export function regionAt(i: number, size: FleetSize, draw: SeededDraw): RegionSnapshot {
  const poolsHere = Math.ceil((size.pools - i) / size.regions);
  const pools = Array.from({ length: poolsHere }, (_, n) => poolAt(i, n, size.workers / size.pools, draw));
  return { region: regionName(i), jurisdiction: jurisdictionOf(i), reachable: true, pools };
}

/** Every pool serves the one model that is asked for, so that none is passed over cheaply. */
function poolAt(i: number, n: number, workers: number, draw: SeededDraw): PoolSnapshot {
  const place = { region: regionName(i), gpuType: `gpu-${n}`, model: 'gallery', modelVersion: '1.0.0' };
  return {
    ...{ ...place, pool: poolIdOf(place), framesPerSecond: 25, expectedArrivals: draw.below(3) },
    ...{ stepMs: 8 + draw.below(24), encodeMs: 1 + draw.below(4) },
    workers: Array.from({ length: workers }, (_, w) => ({
      workerId: `${place.region}-${n}-${w}` as WorkerId,
      address: `10.${i}.${n}.${w}:7000`,
      ...{ slots: SLOTS, usedSlots: slotsBusy(draw), gpus: 1 },
      health: draw.chance(0.97) ? 'ready' : 'quarantined',
    })),
  };
}

const slotsBusy = (draw: SeededDraw): number =>
  Array.from({ length: SLOTS }, () => Number(draw.chance(BUSY))).reduce((sum, busy) => sum + busy, 0);

/** A third measured every region, a third five of them, a third a while ago; some cap the RTT, some want much of a GPU. */
export function requestAt(i: number, regions: number, draw: SeededDraw): SessionRequest {
  const measured = i % 3 === 0 ? 5 : regions;
  const first = draw.below(regions);
  const rtts = Array.from({ length: measured }, (_, n) => [
    regionName((first + n) % regions),
    Math.round(draw.next() * 250),
  ]);
  return {
    sessionId: `ses_${i}` as SessionId,
    tenantId: `ten_${i % 50}` as TenantId,
    model: 'gallery',
    rttMs: Object.fromEntries(rtts) as SessionRequest['rttMs'],
    metadata: {},
    ...(i % 3 === 1 && { rttMeasuredAtMs: 0 }),
    ...(draw.chance(0.2) && { maxRttMs: 60 }),
    ...(draw.chance(0.2) && { residency: 'eu' }),
    ...(draw.chance(0.1) && { gpus: 0.5 }),
    ...(draw.chance(0.2) && { priority: draw.chance(0.5) ? 'low' : 'high' }),
  };
}
