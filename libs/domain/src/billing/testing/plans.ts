import type { PlanId, TenantId } from '../../ids.ts';
import { HOUR_MS } from '../../metering/usage-hour.ts';
import type { HourUsage } from '../period-price.ts';
import type { Period } from '../period.ts';
import type { PlanLine, PricePlan, PriceTier } from '../plan.ts';

export const ACME = 'ten_acme' as TenantId;
export const NOVEMBER = '2026-11' as Period;
export const T0 = Date.UTC(2026, 10, 1);
export const CENT = 10_000_000n;
export const POUND = 1_000_000_000n;

export const aTier = (nanoPerUnit: bigint, over: Partial<PriceTier> = {}): PriceTier => ({
  nanoPerUnit,
  ...over,
});

/** A nano a millisecond: an hour costs 3.60. */
export const aLine = (over: Partial<PlanLine> = {}): PlanLine => ({
  ...{ unit: 'active_second', mode: 'graduated', tiers: [aTier(1_000_000n)] },
  ...over,
});

export const aPlan = (over: Partial<PricePlan> = {}): PricePlan => ({
  ...{ planId: 'pln_1' as PlanId, name: 'standard', currency: 'GBP', effectiveFromMs: 0, recordedAtMs: 0 },
  ...{ lines: [aLine()], includedMs: 0, minimumNano: 0n, billing: 'postpaid' },
  ...over,
});

/** Of `gallery@1` in us-east, in the n-th hour of November. */
export const usedIn = (hour: number, activeMs: number, over: Partial<HourUsage> = {}): HourUsage => ({
  ...{ hourMs: T0 + hour * HOUR_MS, region: 'us-east', model: 'gallery', modelVersion: '1', activeMs },
  ...{ startedMinutes: Math.ceil(activeMs / 60_000), frames: Math.floor(activeMs / 40), lateFrames: 0 },
  ...over,
});

export const total = (nanos: readonly bigint[]): bigint => nanos.reduce((sum, nano) => sum + nano, 0n);
