import type { MarginRow } from '../api/shapes.ts';
import { unitsOf } from '../words/money.ts';
import { inCurrency } from './user-hour.ts';

export interface MarginBar {
  /** Empty: what we bear ourselves. */
  readonly tenant: string;
  readonly label: string;
  readonly price: number;
  readonly cost: number;
  readonly idle: number;
  readonly margin: number;
  readonly share: number | null;
}

/** The dearest first; what nobody but ourselves bears comes last. */
export function marginBars(rows: readonly MarginRow[], currency: string): readonly MarginBar[] {
  return inCurrency(rows, currency)
    .map((row) => ({
      tenant: row.tenant ?? '',
      label: row.name ?? row.tenant ?? 'Borne by ourselves',
      price: unitsOf(row.priceNano),
      cost: unitsOf(row.costNano),
      idle: unitsOf(row.idleNano),
      margin: unitsOf(row.marginNano),
      share: row.marginShare,
    }))
    .sort((a, b) => Number(a.tenant === '') - Number(b.tenant === '') || b.price - a.price);
}

export const greatestBar = (bars: readonly MarginBar[]): number =>
  Math.max(0, ...bars.map(({ price, cost, idle }) => Math.max(price, cost + idle)));
