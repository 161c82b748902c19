import type { PlanLine, PriceTier } from './plan.ts';

/** Quantities are thousandths of a unit, so that active time is priced to the millisecond. */
export const MILLI = 1_000n;

/** What so many units of a line cost, from the first one on; floored once. */
export function priceOfQuantity(line: Omit<PlanLine, 'unit'>, quantityMilli: bigint): bigint {
  return graduated(line.tiers, line.mode === 'package' ? packages(line, quantityMilli) : quantityMilli);
}

/** A package costs as a whole once it is begun. */
function packages({ packageSize = 1 }: Pick<PlanLine, 'packageSize'>, quantityMilli: bigint): bigint {
  const sizeMilli = BigInt(packageSize) * MILLI;
  return ((quantityMilli + sizeMilli - 1n) / sizeMilli) * MILLI;
}

function graduated(tiers: readonly PriceTier[], quantityMilli: bigint): bigint {
  let [fromMilli, flatNano, milliNano] = [0n, 0n, 0n];
  for (const { upTo, nanoPerUnit, flatNano: flat = 0n } of tiers) {
    if (quantityMilli <= fromMilli) break;
    const endMilli = upTo === undefined ? quantityMilli : BigInt(upTo) * MILLI;
    const toMilli = endMilli < quantityMilli ? endMilli : quantityMilli;
    flatNano += flat;
    milliNano += (toMilli - fromMilli) * nanoPerUnit;
    fromMilli = endMilli;
  }
  return flatNano + milliNano / MILLI;
}
