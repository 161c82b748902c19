// M1. Meters are cumulative, applied only when `seq` rises.
// M2. Money is integers (nano-units of a currency) over disjoint intervals, rounded once.
import type { Epoch, PoolId, RateId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';

/** Cumulative counters of one session at one epoch, as its worker reports them. */
export interface MeterReading {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly seq: number;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  /** Control-plane clock at which the reading arrived, Unix ms. */
  readonly atMs: number;
}

/** What a GPU costs us from a date on. A correction is a new row with a later `recordedAtMs`. */
export interface Rate {
  readonly rateId: RateId;
  readonly gpuType: string;
  /** Undefined: every region without a rate of its own. */
  readonly region?: RegionId;
  readonly currency: string;
  /** Nano-units of the currency for one GPU for one hour. */
  readonly nanoPerGpuHour: bigint;
  readonly effectiveFromMs: number;
  readonly recordedAtMs: number;
}

/** One immutable, priced interval of one session; never crosses a UTC hour, an epoch or a rate change. */
export interface UsageSegment {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly epoch: Epoch;
  /** Unix ms; with session and epoch it is the segment's identity, so that a replayed cut is the same row. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly workerId: WorkerId;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  readonly rateId: RateId;
  readonly currency: string;
  /** Slots held, of those of the worker, which spans so many GPUs: an hour costs `width / slots x gpus` GPU-hours. */
  readonly width: number;
  readonly slots: number;
  readonly gpus: number;
  readonly costNano: bigint;
}

/** Usage and cost of one session up to `asOfMs`; final once the session has ended. */
export interface SessionUsage {
  readonly sessionId: SessionId;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  readonly costNano: bigint;
  readonly currency: string;
  readonly final: boolean;
  readonly asOfMs: number;
}
