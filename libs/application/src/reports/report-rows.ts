// Rows of a report, found by their bucket, the dimensions that were asked for and the currency: what is added from
// usage, from idle GPUs and from the ledger meets in one row, and amounts of two currencies never do.
import { poolPartsOf, type PoolId, type PurchaseKind, type RegionId, type TenantId } from '@meridian/domain';
import type { UsageDimension } from '../ports/usage-hours.ts';

export interface Dimensions {
  readonly tenantId?: TenantId;
  readonly model?: string;
  readonly modelVersion?: string;
  readonly region?: RegionId;
  readonly pool?: PoolId;
  readonly gpuType?: string;
  readonly purchase?: PurchaseKind;
}

export interface ReportRow extends Dimensions {
  /** Of the bucket. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly currency: string;
  readonly activeMs: number;
  readonly gpuMs: number;
  readonly frames: number;
  readonly lateFrames: number;
  readonly sessionsStarted: number;
  readonly startedMinutes: number;
  readonly costNano: bigint;
  readonly idleNano: bigint;
  /** Undefined where prices are not told: of models and places. */
  readonly priceNano?: bigint;
}

const EMPTY = {
  ...{ activeMs: 0, gpuMs: 0, frames: 0, lateFrames: 0, sessionsStarted: 0, startedMinutes: 0 },
  ...{ costNano: 0n, idleNano: 0n },
};

type Amounts = Omit<ReportRow, keyof Dimensions | 'fromMs' | 'toMs' | 'currency'>;
export type Place = Pick<ReportRow, 'fromMs' | 'toMs' | 'currency'> & Dimensions;

const FIELDS: Readonly<Record<UsageDimension, keyof Dimensions>> = {
  tenant: 'tenantId',
  model: 'model',
  modelVersion: 'modelVersion',
  region: 'region',
  pool: 'pool',
  gpuType: 'gpuType',
  purchase: 'purchase',
};

export class ReportRows {
  readonly #fields: readonly (keyof Dimensions)[];
  readonly #rows = new Map<string, ReportRow>();

  constructor(groupBy: readonly UsageDimension[]) {
    this.#fields = groupBy.map((dimension) => FIELDS[dimension]);
  }

  /** Dimensions that were not asked for are left out. */
  add(place: Place, amounts: Partial<Amounts>): void {
    const { fromMs, toMs, currency } = place;
    const known = this.#fields.flatMap((field) =>
      place[field] === undefined ? [] : [[field, place[field]] as const],
    );
    const key = JSON.stringify([fromMs, currency, known]);
    const row = this.#rows.get(key) ?? { ...Object.fromEntries(known), fromMs, toMs, currency, ...EMPTY };
    this.#rows.set(key, { ...row, ...sumsOf(row, amounts) });
  }

  /** By bucket, then by the dimensions in the order that they were asked for, then by currency. */
  sorted(): readonly ReportRow[] {
    const textOf = (row: ReportRow) => this.#fields.map((field) => row[field] ?? '~').join('\n');
    return [...this.#rows.values()].sort(
      (a, b) => a.fromMs - b.fromMs || compare(textOf(a), textOf(b)) || compare(a.currency, b.currency),
    );
  }
}

function sumsOf(row: ReportRow, amounts: Partial<Amounts>): Partial<Amounts> {
  const sums = Object.entries(amounts).map(([name, amount]) => {
    const before = row[name as keyof Amounts] ?? (typeof amount === 'bigint' ? 0n : 0);
    return [name, typeof amount === 'bigint' ? BigInt(before) + amount : Number(before) + Number(amount)];
  });
  return Object.fromEntries(sums) as Partial<Amounts>;
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** What a pool's id says of it. */
export const dimensionsOf = (pool: PoolId): Dimensions => ({ pool, ...poolPartsOf(pool) });
