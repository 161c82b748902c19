// What recorded usage would have cost with other GPUs, another density, other prices or other regions. Shares are parts
// of a million and everything else is integers, so that a scenario that changes nothing differs by nothing.
import { largestRemainder } from '../metering/price.ts';
import { HOUR_MS } from '../metering/usage-hour.ts';
import { partsOf } from './dues.ts';

/** What was used and paid in a window, a row for each region, GPU type and currency. */
export interface FleetUsage {
  readonly region: string;
  readonly gpuType: string;
  readonly currency: string;
  /** ms of GPU that were up. */
  readonly upMs: number;
  readonly billNano: bigint;
  /** ms that users were active. */
  readonly activeMs: number;
}

export interface Scenario {
  /** By GPU type; those that are absent cost what they did. */
  readonly gpuNanoPerHour?: Readonly<Record<string, bigint>>;
  /** Sessions per GPU that is up, on average; absent: as recorded. */
  readonly density?: number;
  /** A share, in [0, 1], of all GPU time is bought as spot, at this price. */
  readonly spotShare?: { readonly share: number; readonly nanoPerGpuHour: bigint };
  /** Where the users are: weights of regions. */
  readonly regionMix?: Readonly<Record<string, number>>;
}

export interface FleetBill {
  readonly billNano: bigint;
  readonly gpuMs: number;
  readonly activeMs: number;
  /** 0 when nobody was active. */
  readonly nanoPerUserHour: bigint;
}

export type WhatIf =
  | {
      readonly kind: 'answered';
      readonly baseline: FleetBill;
      readonly scenario: FleetBill;
      readonly differenceNano: bigint;
    }
  /** Nothing was used there, so that nobody knows what it costs. */
  | { readonly kind: 'unknown_region'; readonly region: string };

export function whatIf(usage: readonly FleetUsage[], scenario: Scenario): WhatIf {
  const unknown = Object.keys(scenario.regionMix ?? {}).find((region) => activeIn(usage, region) === 0);
  if (unknown !== undefined) return { kind: 'unknown_region', region: unknown };
  const moved = scenario.regionMix ? movedTo(usage, scenario.regionMix) : usage;
  const packed = scenario.density === undefined ? moved : packedAt(moved, scenario.density);
  const priced = packed.map((row) => repriced(row, scenario));
  const [before, after] = [billOf(usage), billOf(priced)];
  return {
    ...{ kind: 'answered', baseline: before, scenario: after },
    differenceNano: after.billNano - before.billNano,
  };
}

const activeIn = (usage: readonly FleetUsage[], region: string): number =>
  usage.filter((row) => row.region === region).reduce((sum, { activeMs }) => sum + activeMs, 0);

const totalActive = (usage: readonly FleetUsage[]): number =>
  usage.reduce((sum, { activeMs }) => sum + activeMs, 0);

/** A region with twice the users needs twice the GPUs. */
function movedTo(usage: readonly FleetUsage[], mix: Readonly<Record<string, number>>): readonly FleetUsage[] {
  const regions = Object.keys(mix);
  const weights = regions.map((region) => partsOf(mix[region] ?? 0));
  const shares = largestRemainder(BigInt(totalActive(usage)), weights);
  const wanted = new Map(regions.map((region, i) => [region, shares[i] ?? 0n]));
  return usage.map((row) =>
    scaled(row, wanted.get(row.region) ?? 0n, BigInt(activeIn(usage, row.region)), true),
  );
}

/** The same users on more or fewer GPUs, everywhere alike. */
function packedAt(usage: readonly FleetUsage[], density: number): readonly FleetUsage[] {
  const gpuMs = usage.reduce((sum, { upMs }) => sum + upMs, 0);
  const wantedMs = BigInt(totalActive(usage)) * PARTS;
  return usage.map((row) => scaled(row, wantedMs, BigInt(gpuMs) * partsOf(density), false));
}

const PARTS = 1_000_000n;

function scaled(row: FleetUsage, by: bigint, of: bigint, isActiveToo: boolean): FleetUsage {
  if (of === 0n) return row;
  const part = (ms: number): number => Number((BigInt(ms) * by) / of);
  return {
    ...{ ...row, upMs: part(row.upMs), billNano: (row.billNano * by) / of },
    activeMs: isActiveToo ? part(row.activeMs) : row.activeMs,
  };
}

function repriced(row: FleetUsage, { gpuNanoPerHour = {}, spotShare }: Scenario): FleetUsage {
  const nanoPerHour = gpuNanoPerHour[row.gpuType];
  const billNano = nanoPerHour === undefined ? row.billNano : costOfGpu(row.upMs, nanoPerHour);
  if (!spotShare) return { ...row, billNano };
  const spot = partsOf(spotShare.share);
  const spotNano = costOfGpu(row.upMs, spotShare.nanoPerGpuHour);
  return { ...row, billNano: (billNano * (PARTS - spot) + spotNano * spot) / PARTS };
}

const costOfGpu = (upMs: number, nanoPerHour: bigint): bigint =>
  (BigInt(upMs) * nanoPerHour) / BigInt(HOUR_MS);

function billOf(usage: readonly FleetUsage[]): FleetBill {
  const billNano = usage.reduce((sum, row) => sum + row.billNano, 0n);
  const activeMs = totalActive(usage);
  const gpuMs = usage.reduce((sum, { upMs }) => sum + upMs, 0);
  return { billNano, gpuMs, activeMs, nanoPerUserHour: nanoPerUserHour(billNano, activeMs) };
}

/** Floored; 0 when nobody was active. */
export const nanoPerUserHour = (nano: bigint, activeMs: number): bigint =>
  activeMs === 0 ? 0n : (nano * BigInt(HOUR_MS)) / BigInt(activeMs);
