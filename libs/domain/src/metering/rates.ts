// A rate holds from its effective date on, but never before it was recorded: what a price was at an instant does not
// change afterwards, so a replay yields the same rows and a cost once shown never falls. A correction of the past is
// a row of its own (the ledger's business), not another price for the same time.
import type { RegionId } from '../ids.ts';
import type { Rate } from './usage.ts';

/** When a rate begins to price usage, Unix ms. */
export const rateHoldsFromMs = (rate: Rate): number => Math.max(rate.effectiveFromMs, rate.recordedAtMs);

/**
 * The rate in force at an instant, as it was known at that instant. A region's own rate goes before the general one;
 * then the later effective date; then the later recording. Before any rate holds, the one recorded first does, so
 * that usage that came before its price is not lost. Undefined: the GPU type has no rate at all.
 */
export function rateAt(
  rates: readonly Rate[],
  gpuType: string,
  region: RegionId,
  atMs: number,
): Rate | undefined {
  const ours = rates.filter((r) => r.gpuType === gpuType && (r.region === undefined || r.region === region));
  const known = ours.filter((rate) => rateHoldsFromMs(rate) <= atMs);
  if (known.length > 0) return known.reduce(preferred);
  return ours.length > 0 ? ours.reduce(firstRecorded) : undefined;
}

/** Instants within (fromMs, toMs) at which the rate in force may change, rising. */
export function rateChanges(
  rates: readonly Rate[],
  gpuType: string,
  region: RegionId,
  fromMs: number,
  toMs: number,
): readonly number[] {
  const at = (atMs: number) => rateAt(rates, gpuType, region, atMs)?.rateId;
  const instants = [...new Set(rates.map(rateHoldsFromMs))].filter((ms) => ms > fromMs && ms < toMs);
  return instants.filter((ms) => at(ms) !== at(ms - 1)).sort((a, b) => a - b);
}

const preferred = (a: Rate, b: Rate): Rate => (precedence(a, b) >= 0 ? a : b);

const firstRecorded = (a: Rate, b: Rate): Rate => {
  if (a.recordedAtMs !== b.recordedAtMs) return a.recordedAtMs < b.recordedAtMs ? a : b;
  return preferred(a, b);
};

const precedence = (a: Rate, b: Rate): number =>
  Number(a.region !== undefined) - Number(b.region !== undefined) ||
  a.effectiveFromMs - b.effectiveFromMs ||
  a.recordedAtMs - b.recordedAtMs ||
  (a.rateId < b.rateId ? -1 : 1);
