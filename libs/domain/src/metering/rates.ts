// A rate holds from its effective date on, but never before it was recorded: what a price was at an instant does not
// change afterwards, so a replay yields the same rows and a cost once shown never falls. A correction of the past is
// a row of its own (the ledger's business), not another price for the same time.
import type { RegionId } from '../ids.ts';
import { DEFAULT_PURCHASE, type PurchaseKind } from './purchase.ts';
import type { Rate } from './usage.ts';

/** What a rate is asked for: a GPU of a type, somewhere, bought somehow. */
export interface RatedGpu {
  readonly gpuType: string;
  readonly region: RegionId;
  readonly purchase: PurchaseKind;
}

/** When a rate begins to price usage, Unix ms. */
export const rateHoldsFromMs = (rate: Rate): number => Math.max(rate.effectiveFromMs, rate.recordedAtMs);

/**
 * The rate in force at an instant, as it was known at that instant. A purchase kind's own rate goes before that of
 * `on_demand`; then a region's own before the general one; then the later effective date; then the later recording. Before any rate holds, the one recorded first does, so
 * that usage that came before its price is not lost. Undefined: the GPU type has no rate at all.
 */
export function rateAt(rates: readonly Rate[], gpu: RatedGpu, atMs: number): Rate | undefined {
  const ours = rates.filter((rate) => prices(rate, gpu));
  const known = ours.filter((rate) => rateHoldsFromMs(rate) <= atMs);
  if (known.length > 0) return known.reduce(preferred);
  return ours.length > 0 ? ours.reduce(firstRecorded) : undefined;
}

/** Instants within (fromMs, toMs) at which the rate in force may change, rising. */
export function rateChanges(
  rates: readonly Rate[],
  gpu: RatedGpu,
  fromMs: number,
  toMs: number,
): readonly number[] {
  const at = (atMs: number) => rateAt(rates, gpu, atMs)?.rateId;
  const instants = [...new Set(rates.map(rateHoldsFromMs))].filter((ms) => ms > fromMs && ms < toMs);
  return instants.filter((ms) => at(ms) !== at(ms - 1)).sort((a, b) => a - b);
}

const prices = (rate: Rate, { gpuType, region, purchase }: RatedGpu): boolean =>
  rate.gpuType === gpuType &&
  (rate.region === undefined || rate.region === region) &&
  (rate.purchase === purchase || rate.purchase === DEFAULT_PURCHASE);

const preferred = (a: Rate, b: Rate): Rate => (precedence(a, b) >= 0 ? a : b);

const firstRecorded = (a: Rate, b: Rate): Rate => {
  if (a.recordedAtMs !== b.recordedAtMs) return a.recordedAtMs < b.recordedAtMs ? a : b;
  return preferred(a, b);
};

const precedence = (a: Rate, b: Rate): number =>
  // Of those that price one GPU: the kind is its own, or `on_demand`.
  Number(a.purchase !== DEFAULT_PURCHASE) - Number(b.purchase !== DEFAULT_PURCHASE) ||
  Number(a.region !== undefined) - Number(b.region !== undefined) ||
  a.effectiveFromMs - b.effectiveFromMs ||
  a.recordedAtMs - b.recordedAtMs ||
  (a.rateId < b.rateId ? -1 : 1);
