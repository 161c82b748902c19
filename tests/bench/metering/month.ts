// A month of segments of many tenants, added up by the job, and asked for as a page of costs would ask.
import { makeRollUpUsage, type UsageDimension } from '@meridian/application';
import type { TenantId } from '@meridian/domain';
import type { Progress } from '@meridian/embedded';
import { Database, PostgresUsageHours } from '@meridian/postgres';
import pg from 'pg';

export interface MonthResult {
  readonly segments: number;
  readonly hours: number;
  readonly tenants: number;
  readonly pools: number;
  /** Of one query, ms, in the order in which they were asked. */
  readonly queryMs: readonly number[];
  /** Rows that one answered with, on average. */
  readonly rowsPerQuery: number;
  readonly rollUpMs: number;
  /** Of the table of hours with its indexes, for each hour that a session was active. */
  readonly hourBytesPerSessionHour: number;
}

const TENANTS = 50;
const POOLS = 16;
const QUERIES = 300;
const MONTH = { fromMs: Date.UTC(2026, 8), toMs: Date.UTC(2026, 9) };
const DAYS = (MONTH.toMs - MONTH.fromMs) / 86_400_000;
const GROUP_BY: readonly UsageDimension[] = ['model', 'region'];

export async function measureMonth(
  databaseUrl: string,
  segments: number,
  progress: Progress,
): Promise<MonthResult> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const database = new Database({ url: databaseUrl });
  try {
    await progress.step(`${segments} segments of a month`, () => fill(client, Math.ceil(segments / DAYS)));
    const usageHours = new PostgresUsageHours(database);
    const rollUpMs = await progress.step('they are added up', () => rollUpAll(usageHours));
    await client.query('VACUUM ANALYZE usage_hours');
    const asked = await progress.step('a tenant’s month is asked for', () => ask(usageHours));
    return { ...asked, ...(await sizes(client)), rollUpMs, tenants: TENANTS, pools: POOLS };
  } finally {
    await database.close();
    await client.end();
  }
}

/**
 * Rows as the jobs would have made them, but in bulk. The constraint that refuses overlaps is taken away first: no
 * query reads it, and it is most of the time that a row takes.
 */
async function fill(client: pg.Client, perDay: number): Promise<void> {
  await client.query('SET synchronous_commit = off');
  // Triggers that mark what else is to be made anew: this bench asks for usage alone.
  await client.query('SET session_replication_role = replica');
  await client.query('SELECT setseed(0.5)');
  for (let day = 0; day < DAYS; day++) {
    const at = new Date(MONTH.fromMs + day * 86_400_000).toISOString();
    const part = `usage_segments_${at.slice(0, 10).replaceAll('-', '')}`;
    await client.query('SELECT ensure_usage_day($1::date)', [at.slice(0, 10)]);
    await client.query(`ALTER TABLE ${part} DROP CONSTRAINT ${part}_no_overlap`);
    await client.query(FILL_DAY, [at, perDay, TENANTS, POOLS]);
  }
  await client.query(
    `INSERT INTO usage_marks (hour, tenant_id)
     SELECT hour, 'ten_' || tenant FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', '1 hour') hour,
            generate_series(0, $3::int - 1) tenant`,
    [new Date(MONTH.fromMs), new Date(MONTH.toMs), TENANTS],
  );
}

/** Few tenants have most of it. $1: day, $2: segments, $3: tenants, $4: pools. */
const FILL_DAY = `
  INSERT INTO usage_segments
    (starts_at, ends_at, active_from_ms, active_ms, frames, late_frames, cost_nano, epoch, width, slots, gpus,
     session_id, tenant_id, region, pool, gpu_type, model, model_version, purchase, worker_id, trace_id, rate_id,
     currency)
  SELECT begins, begins + make_interval(secs => active_ms / 1000), 0, active_ms, active_ms / 40, active_ms / 40000,
         active_ms * 2400000000 / 28800000, 1, 1, 8, 1,
         'ses_' || substr(md5(begins::text || n), 1, 26), 'ten_' || tenant, region,
         region || '/' || gpu || '/' || model || '@1.0.0', gpu, model, '1.0.0', 'on_demand', region || '-' || n % 2000,
         md5(n::text), 'rate_bench', 'GBP'
  FROM (
    SELECT n, $1::timestamptz + make_interval(hours => (n::bigint * 24 / ($2::int + 1))::int, secs => n % 600) AS begins,
           (600 + n % 2400) * 1000::bigint AS active_ms, floor($3::int * random() ^ 3) AS tenant,
           (ARRAY['us-east', 'eu-west'])[1 + n % 2] AS region, (ARRAY['h100', 'l40s'])[1 + n / 2 % 2] AS gpu,
           'model-' || n / 4 % ($4::int / 4) AS model
    FROM generate_series(1, $2::int) n
  ) made`;

async function rollUpAll(usageHours: PostgresUsageHours): Promise<number> {
  const beganMs = performance.now();
  const rollUp = makeRollUpUsage({ usageHours });
  while ((await rollUp()).marks > 0);
  return performance.now() - beganMs;
}

async function ask(usageHours: PostgresUsageHours) {
  const queryMs: number[] = [];
  let rows = 0;
  for (let i = 0; i < QUERIES; i++) {
    const tenantId = `ten_${i % TENANTS}` as TenantId;
    const beganMs = performance.now();
    const query = {
      ...MONTH,
      tenantId,
      groupBy: GROUP_BY,
      interval: 'day',
      timeZone: 'Europe/London',
    } as const;
    rows += (await usageHours.read(query)).length;
    queryMs.push(performance.now() - beganMs);
  }
  return { queryMs, rowsPerQuery: rows / QUERIES };
}

async function sizes(client: pg.Client) {
  const { rows } = await client.query<{
    segments: string;
    hours: string;
    bytes: string;
    active_hours: string;
  }>(
    `SELECT sum(segments) AS segments, count(*) AS hours, pg_total_relation_size('usage_hours') AS bytes,
            sum(active_ms) / 3600000 AS active_hours
     FROM usage_hours WHERE hour >= $1 AND hour < $2`,
    [new Date(MONTH.fromMs), new Date(MONTH.toMs)],
  );
  const [row] = rows;
  return {
    segments: Number(row?.segments),
    hours: Number(row?.hours),
    hourBytesPerSessionHour: Number(row?.bytes) / Number(row?.active_hours),
  };
}
