// M3. Per pool: the bill is uptime x rate, the sessions' part is the sum of their segments and of what is still open;
// what is left is idle. All of it is read at one moment.
import type { FleetCostRow } from '@meridian/application';
import { cutSegments, DEFAULT_CURRENCY, gpuBillNano, rateAt, segmentWithin } from '@meridian/domain';
import type { GpuUptime, PoolId, PurchaseKind, Rate, RegionId } from '@meridian/domain';
import type { Runner } from './database.ts';
import { readRates } from './rates.ts';
import { timestamp } from './session-rows.ts';
import { meterFrom } from './metering/usage-rows.ts';
import type { MeterRow } from './metering/usage-rows.ts';

export async function readFleetCost(
  runner: Runner,
  fromMs: number,
  toMs: number,
): Promise<readonly FleetCostRow[]> {
  const rates = await readRates(runner);
  const pools = new Map<PoolId, FleetCostRow>();
  const add = (
    pool: PoolId,
    region: RegionId,
    part: Partial<Pick<FleetCostRow, Addend>>,
    currency?: string,
  ) => {
    const sum = pools.get(pool) ?? { region, pool, currency: currency ?? DEFAULT_CURRENCY, ...NOTHING };
    pools.set(pool, {
      ...sum,
      billNano: sum.billNano + (part.billNano ?? 0n),
      sessionNano: sum.sessionNano + (part.sessionNano ?? 0n),
      activeMs: sum.activeMs + (part.activeMs ?? 0),
    });
  };
  for (const { pool, ...uptime } of await readUptimes(runner, fromMs, toMs)) {
    const { region, startedAtMs } = uptime;
    const currency = rateAt(rates, uptime, Math.max(fromMs, startedAtMs))?.currency;
    add(pool, region, { billNano: gpuBillNano(uptime, rates, fromMs, toMs) }, currency);
  }
  for (const { pool, region, currency, ...used } of await readSegmentSums(runner, fromMs, toMs)) {
    add(pool, region, used, currency);
  }
  for (const { pool, region, currency, ...used } of await readOpenParts(runner, rates, fromMs, toMs)) {
    add(pool, region, used, currency);
  }
  return [...pools.values()].sort((a, b) => (a.pool < b.pool ? -1 : 1));
}

type Addend = 'billNano' | 'sessionNano' | 'activeMs';
const NOTHING = { billNano: 0n, sessionNano: 0n, activeMs: 0 };
type Used = Omit<FleetCostRow, 'billNano'>;

interface UptimeRow {
  readonly pool: PoolId;
  readonly region: RegionId;
  readonly gpu_type: string;
  readonly gpus: number;
  readonly purchase: PurchaseKind;
  readonly started_at: Date;
  readonly last_seen_at: Date;
}

async function readUptimes(
  runner: Runner,
  fromMs: number,
  toMs: number,
): Promise<readonly (GpuUptime & { readonly pool: PoolId })[]> {
  const { rows } = await runner.query<UptimeRow>(
    'SELECT * FROM worker_uptime WHERE last_seen_at > $1 AND started_at < $2',
    [timestamp(fromMs), timestamp(toMs)],
  );
  return rows.map((row) => ({
    pool: row.pool,
    region: row.region,
    gpuType: row.gpu_type,
    gpus: row.gpus,
    purchase: row.purchase,
    startedAtMs: row.started_at.getTime(),
    lastSeenAtMs: row.last_seen_at.getTime(),
  }));
}

/** `segmentWithin` of the domain, in SQL: whole segments are exact, those at the edges count by their share of time. */
async function readSegmentSums(runner: Runner, fromMs: number, toMs: number): Promise<readonly Used[]> {
  const { rows } = await runner.query<{
    region: RegionId;
    pool: PoolId;
    currency: string;
    cost: string;
    active: string;
  }>(
    `WITH part AS (
       SELECT region, pool, currency, cost_nano, active_ms,
              extract(epoch FROM ends_at - starts_at) AS length,
              extract(epoch FROM least(ends_at, $2) - greatest(starts_at, $1)) AS overlap
       FROM usage_segments
       WHERE starts_at > $1::timestamptz - interval '1 hour' AND starts_at < $2::timestamptz AND ends_at > $1
     )
     SELECT region, pool, currency, sum(div(cost_nano * overlap, length)) AS cost,
            sum(div(active_ms * overlap, length)) AS active
     FROM part GROUP BY region, pool, currency`,
    [timestamp(fromMs), timestamp(toMs)],
  );
  return rows.map(({ region, pool, currency, cost, active }) => ({
    region,
    pool,
    currency,
    sessionNano: BigInt(cost),
    activeMs: Number(active),
  }));
}

async function readOpenParts(
  runner: Runner,
  rates: readonly Rate[],
  fromMs: number,
  toMs: number,
): Promise<readonly Used[]> {
  const { rows } = await runner.query<MeterRow>(
    'SELECT * FROM meters WHERE NOT closed AND last_at > $1 AND cut_at < $2',
    [timestamp(fromMs), timestamp(toMs)],
  );
  const segments = rows.flatMap(
    (row) => cutSegments(meterFrom(row), undefined, { rates, close: true }).segments,
  );
  return segments.map((segment) => {
    const { costNano, activeMs } = segmentWithin(segment, fromMs, toMs);
    const { region, pool, currency } = segment;
    return { region, pool, currency, sessionNano: costNano, activeMs };
  });
}
