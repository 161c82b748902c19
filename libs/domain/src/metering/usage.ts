// M1. Meters are cumulative, applied only when `seq` rises.
// M2. Money is integers (nano-units of a currency) over disjoint intervals, rounded once.
import type { Epoch, PoolId, RateId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import type { PurchaseKind } from './purchase.ts';

/** Cumulative counters of one session at one epoch, as its worker reports them. */
export interface MeterReading {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  /** When its worker's process began to count from 0, by that process's clock, Unix us; 0: nobody said. */
  readonly startedUs: number;
  readonly seq: number;
  readonly activeMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  /** What its worker can serve now, at least the slots in use; 0 or undefined: unchanged. */
  readonly slots?: number;
  /** Control-plane clock at which the reading arrived, Unix ms. */
  readonly atMs: number;
}

/** What a GPU costs us from a date on. A correction is a new row with a later `recordedAtMs`. */
export interface Rate {
  readonly rateId: RateId;
  readonly gpuType: string;
  /** Undefined: every region without a rate of its own. */
  readonly region?: RegionId;
  /** A kind without a rate of its own is taken at that of `on_demand`. */
  readonly purchase: PurchaseKind;
  /** Where the figure comes from, for a person: a contract, a price list, an invoice. */
  readonly source: string;
  readonly currency: string;
  /** Nano-units of the currency for one GPU for one hour. */
  readonly nanoPerGpuHour: bigint;
  readonly effectiveFromMs: number;
  readonly recordedAtMs: number;
}

/** One immutable, priced interval of one session; never crosses a UTC hour, an epoch, a rate or a density change. */
export interface UsageSegment {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly epoch: Epoch;
  /** Unix ms; with session and epoch it is the segment's identity, so that a replayed cut is the same row. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly gpuType: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly purchase: PurchaseKind;
  readonly workerId: WorkerId;
  /** Trace of the open, W3C trace id: from here back to the request, and on to the invoice line. */
  readonly traceId?: string;
  /** Active time of this epoch before the segment: what started minutes are counted from. */
  readonly activeFromMs: number;
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
