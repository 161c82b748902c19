import type { GpuHoursRow, WhatIfRequest } from '../api/shapes.ts';
import { inCurrency } from './user-hour.ts';

/** What was: from where the sliders start. */
export interface Baseline {
  readonly currency: string;
  /** Nano-units for a GPU-hour, by GPU type. */
  readonly gpuNanoPerHour: Readonly<Record<string, bigint>>;
  /** Sessions per GPU. */
  readonly density: number;
  /** Share of GPU time, by region; adds up to 1. */
  readonly regionMix: Readonly<Record<string, number>>;
}

/** Where the sliders stand; undefined: untouched, as it was. */
export interface Knobs {
  readonly gpuNanoPerHour: Readonly<Record<string, bigint>>;
  readonly density: number | undefined;
  /** Of all GPU-hours. */
  readonly spotShare: number;
  /** Price of a spot GPU-hour as a share of the on-demand one. */
  readonly spotPriceShare: number;
  /** Weights, not yet shares. */
  readonly regionMix: Readonly<Record<string, number>> | undefined;
}

export const UNTOUCHED: Knobs = {
  gpuNanoPerHour: {},
  density: undefined,
  spotShare: 0,
  spotPriceShare: 0.4,
  regionMix: undefined,
};

const MS_PER_HOUR = 3_600_000n;

/** `rows` are grouped by region and GPU type over the whole window; `activeMs` is the sessions' time in it. */
export function baselineOf(
  rows: readonly GpuHoursRow[],
  activeMs: number,
  currency: string,
): Baseline | undefined {
  const ours = inCurrency(rows, currency).filter(({ upMs }) => upMs > 0);
  const upMs = ours.reduce((sum, row) => sum + row.upMs, 0);
  if (upMs === 0 || activeMs === 0) return undefined;
  const priceOf = (some: readonly GpuHoursRow[]): bigint =>
    (some.reduce((sum, { billNano }) => sum + BigInt(billNano), 0n) * MS_PER_HOUR) /
    BigInt(Math.round(some.reduce((sum, row) => sum + row.upMs, 0)));
  const shareOf = (some: readonly GpuHoursRow[]): number =>
    some.reduce((sum, row) => sum + row.upMs, 0) / upMs;
  const by = <Value>(key: 'gpuType' | 'region', of: (some: readonly GpuHoursRow[]) => Value) =>
    Object.fromEntries(
      [...Map.groupBy(ours, (row) => row[key] ?? '')].map(([name, some]) => [name, of(some)]),
    );
  return {
    currency,
    gpuNanoPerHour: by('gpuType', priceOf),
    density: activeMs / upMs,
    regionMix: by('region', shareOf),
  };
}

/** What to ask; undefined while no slider was moved. */
export function whatIfOf(
  knobs: Knobs,
  baseline: Baseline,
  window: { readonly from: string; readonly to: string },
): WhatIfRequest | undefined {
  const { gpuNanoPerHour, density, spotShare, regionMix } = knobs;
  const changed = {
    ...(Object.keys(gpuNanoPerHour).length > 0 && {
      gpuNanoPerHour: Object.fromEntries(
        Object.entries(gpuNanoPerHour).map(([type, nano]) => [type, String(nano)]),
      ),
    }),
    ...(density !== undefined && { density }),
    ...(spotShare > 0 && {
      spotShare: { share: spotShare, nanoPerGpuHour: String(spotPrice(knobs, baseline)) },
    }),
    ...(regionMix && { regionMix: sharesOf(regionMix) }),
  };
  return Object.keys(changed).length === 0 ? undefined : { ...window, ...changed };
}

/** Of the dearest GPU type as it stands: one price for all spot hours is what the question knows. */
function spotPrice({ gpuNanoPerHour, spotPriceShare }: Knobs, baseline: Baseline): bigint {
  const prices = Object.entries(baseline.gpuNanoPerHour).map(([type, nano]) => gpuNanoPerHour[type] ?? nano);
  const highest = prices.reduce((most, nano) => (nano > most ? nano : most), 0n);
  return (highest * BigInt(Math.round(spotPriceShare * 1_000))) / 1_000n;
}

/** Weights as shares that add up to 1 exactly enough: the last takes what rounding left. */
export function sharesOf(weights: Readonly<Record<string, number>>): Record<string, number> {
  const names = Object.keys(weights);
  const sum = names.reduce((total, name) => total + (weights[name] ?? 0), 0);
  if (sum === 0) return Object.fromEntries(names.map((name) => [name, 1 / names.length]));
  return Object.fromEntries(names.map((name) => [name, (weights[name] ?? 0) / sum]));
}
