import { IDLE_CAUSES, type GpuHoursRow, type IdleCause } from '../api/shapes.ts';
import { unitsOf } from '../words/money.ts';
import { inCurrency } from './user-hour.ts';
import { bucketsOf, type TimeSeries } from './series.ts';

export type CostPart = 'sessions' | IdleCause;

/** From the bottom of a bar to its top. */
export const COST_PARTS: readonly CostPart[] = ['sessions', ...IDLE_CAUSES];

export const PART_LABELS: Readonly<Record<CostPart, string>> = {
  sessions: 'Sessions',
  warm_buffer: 'Warm buffer',
  booting: 'Booting',
  draining: 'Draining',
  fragmentation: 'Part-filled',
  failed_start: 'Failed start',
  quarantined: 'Quarantined',
  no_demand: 'No demand',
};

export const nanoOfPart = (row: GpuHoursRow, part: CostPart): bigint =>
  BigInt(part === 'sessions' ? row.sessionNano : (row.idle[part]?.nano ?? 0));

export interface IdleStack extends TimeSeries {
  readonly currency: string;
  readonly billNano: bigint;
  readonly totals: Readonly<Record<CostPart, bigint>>;
}

/** The bill of each bucket by what it was for. Sums are of nano-units; only what is drawn is a number. */
export function idleStackOf(rows: readonly GpuHoursRow[], currency: string): IdleStack {
  const ours = inCurrency(rows, currency);
  const startsMs = bucketsOf(ours);
  const sumOf = (some: readonly GpuHoursRow[], part: CostPart): bigint =>
    some.reduce((sum, row) => sum + nanoOfPart(row, part), 0n);
  const byStart = Map.groupBy(ours, ({ from }) => Date.parse(from));
  const series = COST_PARTS.map((part) => ({
    key: part,
    label: PART_LABELS[part],
    values: startsMs.map((ms) => unitsOf(sumOf(byStart.get(ms) ?? [], part))),
  }));
  const totals = Object.fromEntries(COST_PARTS.map((part) => [part, sumOf(ours, part)]));
  const billNano = ours.reduce((sum, row) => sum + BigInt(row.billNano), 0n);
  return { startsMs, series, currency, billNano, totals: totals as Record<CostPart, bigint> };
}

/** The idle cause that costs most; undefined when nothing stood idle. */
export function greatestIdle({ totals }: IdleStack): IdleCause | undefined {
  const [first] = IDLE_CAUSES.toSorted((a, b) => (totals[b] > totals[a] ? 1 : -1));
  return first !== undefined && totals[first] > 0n ? first : undefined;
}

export const idleShareOf = ({ billNano, totals }: IdleStack): number | null =>
  billNano === 0n ? null : 1 - unitsOf(totals.sessions) / unitsOf(billNano);
