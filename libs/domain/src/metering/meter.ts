// M1. Meters are cumulative and applied only when `seq` rises: duplicates and reordering are harmless.
// M2. Segments are disjoint, immutable, and start where the meter says: at the epoch's start, at a UTC hour, at a
//     rate change, or where the one before ended. Their counters add up to the reading's, to the last unit.
// Segments so far plus the open part priced in the same way is the running cost: what was shown never falls.
import {
  poolPartsOf,
  type Epoch,
  type PoolId,
  type RegionId,
  type SessionId,
  type TenantId,
  type WorkerId,
} from '../ids.ts';
import type { LeaseRef } from '../session/session.ts';
import { costOf } from './price.ts';
import { rateAt, rateChanges } from './rates.ts';
import type { MeterReading, Rate, UsageSegment } from './usage.ts';

/** Cumulative counters at an instant. */
export interface MeterPoint {
  /** Unix ms. */
  readonly atMs: number;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
}

/** What the record keeps for one session at one epoch, besides the segments that were cut from it. */
export interface Meter {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly epoch: Epoch;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly workerId: WorkerId;
  /** Slots that the session holds, and those that its worker had. */
  readonly width: number;
  readonly slots: number;
  /** GPUs that its worker spans. */
  readonly gpus: number;
  /** Of the newest reading applied; -1 before the first. */
  readonly seq: number;
  /** The newest reading applied. */
  readonly last: MeterPoint;
  /** Where the open part starts, and the counters that the segments before it hold. */
  readonly cut: MeterPoint;
}

/** The meter of a session at a new epoch, made when the lease is recorded so that its start is deterministic. */
export function openMeter(tenantId: TenantId, sessionId: SessionId, lease: LeaseRef, atMs: number): Meter {
  const start: MeterPoint = { atMs, activeMs: 0, frames: 0, lateFrames: 0 };
  const { region, pool, workerId, width, slots, gpus, epoch } = lease;
  const gpuType = poolPartsOf(pool).gpuType;
  return {
    sessionId,
    tenantId,
    epoch,
    region,
    pool,
    gpuType,
    workerId,
    width,
    slots,
    gpus,
    seq: -1,
    last: start,
    cut: start,
  };
}

export interface CutContext {
  readonly rates: readonly Rate[];
  /** Cut the open part too: the session ended, or somebody wants to see the running cost. */
  readonly close: boolean;
  /**
   * When the session moved on to the next epoch, Unix ms: what its old worker counts until it hears of that is taken as
   * of then, so that the segments of two epochs are disjoint. Such a meter stays open until the session ends, since more
   * may come. Undefined: it has not moved on.
   */
  readonly leftAtMs?: number | undefined;
}

export interface Cut {
  readonly meter: Meter;
  readonly segments: readonly UsageSegment[];
}

/**
 * Applies a reading (undefined: none, only close). A reading whose `seq` did not rise moves nothing. An interval
 * without a rate stays open until there is one: it is never lost, and never priced at a guess.
 */
export function cutSegments(meter: Meter, reading: MeterReading | undefined, context: CutContext): Cut {
  const moved = reading && reading.seq > meter.seq ? advance(meter, reading, context.leftAtMs) : meter;
  const points = moved === meter ? [meter.cut, meter.last] : [meter.cut, meter.last, moved.last];
  const bounds = boundaries(moved, context.rates).map((atMs) => pointAt(points, atMs));
  const closed = bounds.reduce<Cut>((cut, to) => cutAt(cut, to, context.rates), {
    meter: moved,
    segments: [],
  });
  return context.close && hasOpenPart(closed.meter)
    ? cutAt(closed, closingOf(closed.meter), context.rates)
    : closed;
}

const HOUR_MS = 3_600_000;

/** Time and counters never go back, whatever the clocks of two replicas say. */
function advance(meter: Meter, reading: MeterReading, leftAtMs = Infinity): Meter {
  const last: MeterPoint = {
    atMs: Math.max(meter.last.atMs, Math.min(reading.atMs, leftAtMs)),
    activeMs: Math.max(meter.last.activeMs, reading.activeMs),
    frames: Math.max(meter.last.frames, reading.frames),
    lateFrames: Math.max(meter.last.lateFrames, reading.lateFrames),
  };
  return { ...meter, seq: reading.seq, last };
}

/** UTC hours and rate changes after the open part's start and not after the newest reading. */
function boundaries({ cut, last, gpuType, region }: Meter, rates: readonly Rate[]): readonly number[] {
  const endMs = last.atMs + 1;
  const hours: number[] = [];
  for (let at = (Math.floor(cut.atMs / HOUR_MS) + 1) * HOUR_MS; at < endMs; at += HOUR_MS) hours.push(at);
  const changes = rateChanges(rates, gpuType, region, cut.atMs, endMs);
  return [...new Set([...hours, ...changes])].sort((a, b) => a - b);
}

/** A segment has a length even when all of it arrived in the millisecond in which it began: starts must rise. */
const closingOf = ({ cut, last }: Meter): MeterPoint => ({
  ...last,
  atMs: Math.max(last.atMs, cut.atMs + 1),
});

const hasOpenPart = ({ cut, last }: Meter): boolean => !isNothing(between(cut, last));

type Counters = Omit<MeterPoint, 'atMs'>;

const between = (from: MeterPoint, to: MeterPoint): Counters => ({
  activeMs: to.activeMs - from.activeMs,
  frames: to.frames - from.frames,
  lateFrames: to.lateFrames - from.lateFrames,
});

const isNothing = (used: Counters): boolean =>
  used.activeMs === 0 && used.frames === 0 && used.lateFrames === 0;

/**
 * The counters at an instant between readings. Active time is taken as early as it can have been, since a reading
 * that comes late (a store away, a retried report) says nothing of when; and so the part before a boundary is never
 * less than what a live reading had already shown there. Frames follow active time.
 */
function pointAt(points: readonly MeterPoint[], atMs: number): MeterPoint {
  const next = points.findIndex((point) => point.atMs >= atMs);
  const to = points[next];
  const from = points[next - 1];
  if (!to || !from) throw new RangeError('the boundary lies outside the readings');
  const deltaMs = to.activeMs - from.activeMs;
  const takenMs = Math.min(deltaMs, atMs - from.atMs);
  const share = (delta: number): number =>
    deltaMs === 0 ? 0 : Number((BigInt(delta) * BigInt(takenMs)) / BigInt(deltaMs));
  return {
    atMs,
    activeMs: from.activeMs + takenMs,
    frames: from.frames + share(to.frames - from.frames),
    lateFrames: from.lateFrames + share(to.lateFrames - from.lateFrames),
  };
}

function cutAt({ meter, segments }: Cut, to: MeterPoint, rates: readonly Rate[]): Cut {
  const { cut } = meter;
  const used = between(cut, to);
  if (isNothing(used)) return { meter: { ...meter, cut: { ...cut, atMs: to.atMs } }, segments };
  const rate = rateAt(rates, meter.gpuType, meter.region, cut.atMs);
  if (!rate) return { meter, segments };
  const { sessionId, tenantId, epoch, region, pool, workerId, width, slots, gpus } = meter;
  const segment: UsageSegment = {
    ...{ sessionId, tenantId, epoch, region, pool, workerId, width, slots, gpus, ...used },
    startsAtMs: cut.atMs,
    endsAtMs: to.atMs,
    rateId: rate.rateId,
    currency: rate.currency,
    costNano: costOf(used.activeMs, rate.nanoPerGpuHour, meter),
  };
  return { meter: { ...meter, cut: to }, segments: [...segments, segment] };
}
