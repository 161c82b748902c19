// Usage with its cost, what stood idle beside it, and what was charged. Idle is told where it can be known: a pool's
// belongs to its region, GPU type and model, and to tenants by a chosen rule. Over all rows of a report cost and idle
// are the GPUs' bill, whatever the grouping and the rule (M3).
import {
  IDLE_CAUSES,
  bucketsOf,
  poolPartsOf,
  shareIdle,
  type Bucket,
  type IdleByCause,
  type IdleRule,
  type TenantId,
} from '@meridian/domain';
import type { GpuHours, GpuHourRow } from '../ports/gpu-hours.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { UsageHours, UsageQuery, UsageRow } from '../ports/usage-hours.ts';
import { ReportRows, dimensionsOf, type Place, type ReportRow } from './report-rows.ts';

export interface UsageReportPorts {
  readonly usageHours: UsageHours;
  readonly gpuHours: GpuHours;
  readonly ledger: Ledger;
}

export interface UsageReportQuery extends UsageQuery {
  readonly idle: IdleRule;
}

export type ReadUsageReport = (query: UsageReportQuery) => Promise<readonly ReportRow[]>;

export const makeReadUsageReport =
  (ports: UsageReportPorts): ReadUsageReport =>
  async (query) => {
    const rows = new ReportRows(query.groupBy);
    const [used, idle, charged] = await Promise.all([
      ports.usageHours.read(query),
      readIdle(ports, query),
      tellsPrice(query) ? readCharged(ports.ledger, query) : [],
    ]);
    for (const { fromMs, toMs, currency, ...row } of used) {
      const { tenantId, model, modelVersion, region, pool, gpuType, purchase, ...amounts } = row;
      const known = definedOnly({ tenantId, model, modelVersion, region, pool, gpuType, purchase });
      rows.add({ fromMs, toMs, currency, ...known }, amounts);
    }
    for (const { place, idleNano } of idle) rows.add(place, { idleNano });
    if (tellsPrice(query)) for (const { place, priceNano } of charged) rows.add(place, { priceNano });
    return rows.sorted();
  };

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const definedOnly = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>;

/** A charge is of a tenant's whole hour: nothing in it is of one model or place. */
const tellsPrice = ({ groupBy, ...filters }: UsageReportQuery): boolean =>
  groupBy.every((dimension) => dimension === 'tenant') &&
  [filters.model, filters.modelVersion, filters.region, filters.pool, filters.gpuType].every(
    (filter) => filter === undefined,
  );

interface IdlePart {
  readonly place: Place;
  readonly idleNano: bigint;
}

async function readIdle(ports: UsageReportPorts, query: UsageReportQuery): Promise<readonly IdlePart[]> {
  const { tenantId, idle: rule, groupBy } = query;
  const isByTenant = tenantId !== undefined || groupBy.includes('tenant');
  if (tenantId !== undefined && rule === 'own') return [];
  const [stood, bearers] = await Promise.all([
    readStood(ports.gpuHours, query),
    isByTenant && rule !== 'own' ? readBearers(ports.usageHours, query) : undefined,
  ]);
  const parts = stood.flatMap((row) => {
    const place = placeOf(row);
    if (!bearers) return [{ place, idleNano: idleNanoOf(row.idle) }];
    return sharesOf(rule, place, idleNanoOf(row.idle), bearers.get(keyOf(place)) ?? []);
  });
  return parts.filter(({ place }) => tenantId === undefined || place.tenantId === tenantId);
}

const idleNanoOf = (idle: IdleByCause): bigint =>
  IDLE_CAUSES.reduce((sum, cause) => sum + idle[cause].nano, 0n);

async function readStood(gpuHours: GpuHours, query: UsageReportQuery): Promise<readonly GpuHourRow[]> {
  const { fromMs, toMs, interval, timeZone, region, pool, gpuType, model, modelVersion } = query;
  const filters = definedOnly({ region, pool, gpuType });
  const groupBy = ['pool', 'purchase'] as const;
  const rows = await gpuHours.read({ fromMs, toMs, interval, timeZone, ...filters, groupBy });
  return rows.filter((row) => {
    const parts = row.pool && poolPartsOf(row.pool);
    return (
      (model === undefined || parts?.model === model) &&
      (modelVersion === undefined || parts?.modelVersion === modelVersion)
    );
  });
}

/** Who used each pool in each bucket: all tenants, also where the report is of one. */
async function readBearers(usageHours: UsageHours, query: UsageReportQuery) {
  const { tenantId: _all, ...others } = query;
  const used = await usageHours.read({ ...others, groupBy: ['tenant', 'pool', 'purchase'] });
  return Map.groupBy(used, keyOf);
}

const keyOf = ({ fromMs, pool, purchase, currency }: Place | UsageRow): string =>
  JSON.stringify([fromMs, pool, purchase, currency]);

const placeOf = ({ fromMs, toMs, currency, pool, purchase }: GpuHourRow): Place => ({
  ...{ fromMs, toMs, currency },
  ...(pool !== undefined && dimensionsOf(pool)),
  ...(purchase !== undefined && { purchase }),
});

function sharesOf(rule: IdleRule, place: Place, idleNano: bigint, used: readonly UsageRow[]): IdlePart[] {
  const bearers = used.flatMap(({ tenantId, gpuMs, costNano }) =>
    tenantId === undefined ? [] : [{ tenantId, gpuMs, costNano }],
  );
  const { parts, ownNano } = shareIdle(rule, idleNano, bearers);
  const shared = bearers.map(({ tenantId }, i) => ({
    place: { ...place, tenantId },
    idleNano: parts[i] ?? 0n,
  }));
  return ownNano === 0n ? shared : [...shared, { place, idleNano: ownNano }];
}

interface ChargedPart {
  readonly place: Place;
  readonly priceNano: bigint;
}

async function readCharged(ledger: Ledger, query: UsageReportQuery): Promise<readonly ChargedPart[]> {
  const { fromMs, toMs, interval, timeZone, tenantId } = query;
  const charged = (await ledger.charged(fromMs, toMs)).filter(
    (row) => tenantId === undefined || row.tenantId === tenantId,
  );
  if (interval === 'none') {
    return charged.map(({ tenantId: of, currency, netNano }) => ({
      place: { fromMs, toMs, currency, tenantId: of },
      priceNano: netNano,
    }));
  }
  const buckets = bucketsOf({ fromMs, toMs }, interval, timeZone);
  const tenants = [...new Set(charged.map((row) => row.tenantId))];
  return (await Promise.all(tenants.map((of) => chargedHours(ledger, of, query, buckets)))).flat();
}

async function chargedHours(
  ledger: Ledger,
  tenantId: TenantId,
  { fromMs, toMs }: UsageReportQuery,
  buckets: readonly Bucket[],
): Promise<readonly ChargedPart[]> {
  const hours = await ledger.postedHours(tenantId, fromMs, toMs);
  return hours.flatMap(({ hourMs, currency, netNano }) => {
    const bucket = bucketAt(buckets, hourMs);
    return bucket ? [{ place: { ...bucket, currency, tenantId }, priceNano: netNano }] : [];
  });
}

/** Buckets rise without gaps. */
function bucketAt(buckets: readonly Bucket[], atMs: number): Bucket | undefined {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((buckets[middle]?.fromMs ?? Infinity) <= atMs) low = middle;
    else high = middle - 1;
  }
  return buckets[low];
}
