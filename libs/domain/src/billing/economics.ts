import { HOUR_MS } from '../metering/usage-hour.ts';
import { nanoPerUserHour } from './what-if.ts';

/** What a pool did in a window. */
export interface PoolUsage {
  readonly pool: string;
  readonly currency: string;
  /** ms that users were active. */
  readonly activeMs: number;
  /** ms of GPU that these users paid for, by their share of the slots. */
  readonly sessionGpuMs: number;
  /** ms of GPU that were up. */
  readonly upMs: number;
  readonly frames: number;
  readonly sessionNano: bigint;
  readonly billNano: bigint;
}

/** What a user-hour and a frame cost in a pool, against how many users share a GPU. */
export interface UnitEconomics extends PoolUsage {
  /** Sessions that a full GPU serves. */
  readonly slotsPerGpu: number;
  /** Sessions that a GPU served on average while it was up. */
  readonly density: number;
  readonly userHours: number;
  readonly nanoPerUserHour: bigint;
  /** With what stood idle. */
  readonly nanoPerUserHourLoaded: bigint;
  /** Floored: £0.80-1.60 an hour at 25 frames a second is 8,888-17,777. */
  readonly nanoPerFrame: bigint;
}

export function unitEconomics(usage: PoolUsage): UnitEconomics {
  const { activeMs, sessionGpuMs, upMs, frames, sessionNano, billNano } = usage;
  return {
    ...usage,
    slotsPerGpu: sessionGpuMs === 0 ? 0 : activeMs / sessionGpuMs,
    density: upMs === 0 ? 0 : activeMs / upMs,
    userHours: activeMs / HOUR_MS,
    nanoPerUserHour: nanoPerUserHour(sessionNano, activeMs),
    nanoPerUserHourLoaded: nanoPerUserHour(billNano, activeMs),
    nanoPerFrame: frames === 0 ? 0n : sessionNano / BigInt(frames),
  };
}
