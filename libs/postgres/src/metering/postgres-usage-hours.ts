import type { RollUpLag, TopSession, UsageHours, UsageQuery, UsageRow } from '@meridian/application';
import { bucketsOf } from '@meridian/domain';
import type { TenantId, UsageHour } from '@meridian/domain';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { rollUp } from './roll-up.ts';
import { COLUMN_OF, topSessionFrom, usageHourFrom, usageRowFrom } from './usage-hour-rows.ts';
import type { GroupedRow, TopSessionRow, UsageHourRow } from './usage-hour-rows.ts';

const SUMS = `sum(active_ms) AS active_ms, sum(gpu_ms) AS gpu_ms, sum(frames) AS frames,
  sum(late_frames) AS late_frames, sum(sessions_started) AS sessions_started,
  sum(started_minutes) AS started_minutes, sum(cost_nano) AS cost_nano`;

/** Which session first, then what is to be known of it: most of the rows are never looked up. */
const TOP_SESSIONS = `
  WITH top AS (
    SELECT session_id, currency, sum(active_ms) AS active_ms, sum(cost_nano) AS cost_nano, max(starts_at) AS newest_at
    FROM usage_segments
    WHERE starts_at >= $1 AND starts_at < $2 AND ($4::text IS NULL OR tenant_id = $4)
    GROUP BY session_id, currency ORDER BY sum(cost_nano) DESC, session_id LIMIT $3
  )
  SELECT t.*, u.tenant_id, u.model, u.model_version, u.region, u.trace_id
  FROM top t JOIN LATERAL (
    SELECT * FROM usage_segments
    WHERE session_id = t.session_id AND starts_at = t.newest_at ORDER BY epoch DESC LIMIT 1
  ) u ON true
  ORDER BY t.cost_nano DESC, t.session_id`;

export class PostgresUsageHours implements UsageHours {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(query: UsageQuery): Promise<readonly UsageRow[]> {
    const { fromMs, toMs, interval, timeZone } = query;
    const buckets = bucketsOf(query, interval, timeZone);
    const columns = [...new Set(query.groupBy)].map((dimension) => COLUMN_OF[dimension]);
    const group = ['bucket', ...columns, 'currency'].join(', ');
    const { rows } = await this.#database.query<GroupedRow>(
      `SELECT width_bucket(hour, $1::timestamptz[]) AS ${group}, ${SUMS}
       FROM usage_hours
       WHERE hour >= $2 AND hour < $3
         AND ($4::text IS NULL OR tenant_id = $4) AND ($5::text IS NULL OR region = $5)
         AND ($6::text IS NULL OR pool = $6) AND ($7::text IS NULL OR model = $7)
         AND ($8::text IS NULL OR model_version = $8) AND ($9::text IS NULL OR gpu_type = $9)
       GROUP BY ${group} ORDER BY ${group}`,
      [
        buckets.map((bucket) => timestamp(bucket.fromMs)),
        timestamp(fromMs),
        timestamp(toMs),
        ...wanted(query),
      ],
    );
    return rows.map((row) => usageRowFrom(row, buckets));
  }

  async hours(fromMs: number, toMs: number, tenantId?: TenantId): Promise<readonly UsageHour[]> {
    const { rows } = await this.#database.query<UsageHourRow>(
      `SELECT * FROM usage_hours
       WHERE hour >= $1 AND hour < $2 AND ($3::text IS NULL OR tenant_id = $3)
       ORDER BY hour, tenant_id, pool, purchase, currency`,
      [timestamp(fromMs), timestamp(toMs), tenantId ?? null],
    );
    return rows.map(usageHourFrom);
  }

  async topSessions(
    fromMs: number,
    toMs: number,
    limit: number,
    tenantId?: TenantId,
  ): Promise<readonly TopSession[]> {
    const window = [timestamp(fromMs), timestamp(toMs), limit, tenantId ?? null];
    const { rows } = await this.#database.query<TopSessionRow>(TOP_SESSIONS, window);
    return rows.map(topSessionFrom);
  }

  rollUp(limit: number): Promise<number> {
    return this.#database.transaction((runner) => rollUp(runner, limit));
  }

  async lag(): Promise<RollUpLag> {
    const { rows } = await this.#database.query<{ marks: string; oldest: Date | null }>(
      'SELECT count(*) AS marks, min(at) AS oldest FROM usage_marks',
    );
    const [{ marks, oldest } = { marks: '0', oldest: null }] = rows;
    return { marks: Number(marks), ...(oldest && { oldestMs: oldest.getTime() }) };
  }
}

const wanted = ({ tenantId, region, pool, model, modelVersion, gpuType }: UsageQuery): (string | null)[] =>
  [tenantId, region, pool, model, modelVersion, gpuType].map((each) => each ?? null);
