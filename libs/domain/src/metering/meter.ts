// M1. Meters are cumulative and applied only when `seq` rises: duplicates and reordering are harmless. A process that
//     counts from 0 again at the same epoch counts on top of the one before (counts.ts).
// M2. Segments are disjoint, immutable, and start where the meter says: at the epoch's start, at a UTC hour, at a
//     change of rate or density, or where the one before ended. Their counters add up to the reading's, to the last unit.
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
import { countsWith, isNews, minus, totalsWith, type Count, type Counters } from './counts.ts';
import { costOf } from './price.ts';
import type { PurchaseKind } from './purchase.ts';
import { rateAt, rateChanges } from './rates.ts';
import { HOUR_MS } from './usage-hour.ts';
import type { MeterReading, Rate, UsageSegment } from './usage.ts';

/** Cumulative counters at an instant. */
export interface MeterPoint extends Counters {
  /** Unix ms. */
  readonly atMs: number;
}

/** What the record keeps for one session at one epoch, besides the segments that were cut from it. */
export interface Meter {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly epoch: Epoch;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly purchase: PurchaseKind;
  readonly workerId: WorkerId;
  /** Trace of the open, W3C trace id. */
  readonly traceId?: string;
  /** When the epoch began, Unix ms. */
  readonly startedAtMs: number;
  /** Slots that the session holds, and those that its worker has, as the newest reading knows. */
  readonly width: number;
  readonly slots: number;
  /** GPUs that its worker spans. */
  readonly gpus: number;
  /** Where the newest count began, and the `seq` of its newest reading applied; 0 and -1 before the first. */
  readonly startedUs: number;
  readonly seq: number;
  /** What other processes counted at this epoch; they began before. */
  readonly earlier: readonly Count[];
  /** All counts together, at the newest reading applied. */
  readonly last: MeterPoint;
  /** Where the open part starts, and the counters that the segments before it hold. */
  readonly cut: MeterPoint;
}

/** The meter of a session at a new epoch, made when the lease is recorded so that its start is deterministic. */
export function openMeter(
  tenantId: TenantId,
  sessionId: SessionId,
  lease: LeaseRef,
  atMs: number,
  traceId?: string,
): Meter {
  const start: MeterPoint = { atMs, activeMs: 0, frames: 0, lateFrames: 0 };
  const { region, pool, workerId, width, slots, gpus, purchase, epoch } = lease;
  const { gpuType, model, modelVersion } = poolPartsOf(pool);
  return {
    ...{ sessionId, tenantId, epoch, region, pool, gpuType, model, modelVersion, purchase, workerId },
    ...{ width, slots, gpus, startedUs: 0, seq: -1, earlier: [], startedAtMs: atMs, last: start, cut: start },
    ...(traceId !== undefined && { traceId }),
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
  const moved = reading && isNews(meter, reading) ? advance(meter, reading, context.leftAtMs) : meter;
  const points = moved === meter ? [meter.cut, meter.last] : [meter.cut, meter.last, moved.last];
  const slots = moved === meter ? meter.slots : densityOf(meter, reading);
  const bounds = boundaries(moved, context.rates).map((atMs) => pointAt(points, atMs));
  const cut = bounds.reduce<Cut>((done, to) => cutAt(done, to, context.rates), {
    meter: moved,
    segments: [],
  });
  const closes = (context.close || slots !== meter.slots) && hasOpenPart(cut.meter);
  const closed = closes ? cutAt(cut, closingOf(cut.meter), context.rates) : cut;
  // Without a rate what is open stays so, at the density it was used at.
  return slots === meter.slots || hasOpenPart(closed.meter)
    ? closed
    : { ...closed, meter: { ...closed.meter, slots } };
}

/** True when something was used that is in no segment. */
export const hasOpenPart = ({ cut, last }: Meter): boolean => !isNothing(minus(last, cut));

/** A worker cannot serve less than what the session holds; such a figure says nothing. */
const densityOf = ({ width, slots }: Meter, reading: MeterReading | undefined): number =>
  (reading?.slots ?? 0) >= width ? (reading?.slots ?? slots) : slots;

/** Time and counters never go back, whatever the clocks of two replicas say. */
function advance(meter: Meter, reading: MeterReading, leftAtMs = Infinity): Meter {
  const totals = totalsWith(meter, reading);
  const last: MeterPoint = {
    atMs: Math.max(meter.last.atMs, Math.min(reading.atMs, leftAtMs)),
    activeMs: Math.max(meter.last.activeMs, totals.activeMs),
    frames: Math.max(meter.last.frames, totals.frames),
    lateFrames: Math.max(meter.last.lateFrames, totals.lateFrames),
  };
  return { ...meter, ...countsWith(meter, reading), last };
}

/** UTC hours and rate changes after the open part's start and not after the newest reading. */
function boundaries(meter: Meter, rates: readonly Rate[]): readonly number[] {
  const { cut, last } = meter;
  const endMs = last.atMs + 1;
  const hours: number[] = [];
  for (let at = (Math.floor(cut.atMs / HOUR_MS) + 1) * HOUR_MS; at < endMs; at += HOUR_MS) hours.push(at);
  const changes = rateChanges(rates, meter, cut.atMs, endMs);
  return [...new Set([...hours, ...changes])].sort((a, b) => a - b);
}

/** A segment has a length even when all of it arrived in the millisecond in which it began: starts must rise. */
const closingOf = ({ cut, last }: Meter): MeterPoint => ({
  ...last,
  atMs: Math.max(last.atMs, cut.atMs + 1),
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
  const used = minus(to, cut);
  if (isNothing(used)) return { meter: { ...meter, cut: { ...cut, atMs: to.atMs } }, segments };
  const rate = rateAt(rates, meter, cut.atMs);
  if (!rate) return { meter, segments };
  const { sessionId, tenantId, epoch, region, pool, gpuType, model, modelVersion, purchase } = meter;
  const { workerId, width, slots, gpus, traceId } = meter;
  const segment: UsageSegment = {
    ...{ sessionId, tenantId, epoch, region, pool, gpuType, model, modelVersion, purchase, workerId },
    ...{ width, slots, gpus, activeFromMs: cut.activeMs, ...used },
    ...(traceId !== undefined && { traceId }),
    startsAtMs: cut.atMs,
    endsAtMs: to.atMs,
    rateId: rate.rateId,
    currency: rate.currency,
    costNano: costOf(used.activeMs, rate.nanoPerGpuHour, meter),
  };
  return { meter: { ...meter, cut: to }, segments: [...segments, segment] };
}
