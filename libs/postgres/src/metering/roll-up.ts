// Hours are made anew from their segments, never added to, so that a run that comes twice or late leaves the same rows.
// A mark is written with the segments it stands for. Who takes marks sees those segments; segments that come meanwhile
// have a mark that is not taken yet. One process at a time: of two, the one that saw less might be the last to write.
import { HOUR_MS } from '@meridian/domain';
import type { TenantId } from '@meridian/domain';
import type { Runner } from '../database.ts';

/** Any number that nothing else of the database locks. */
const ADVISORY_LOCK = 637434262;

const TAKE = `
  WITH taken AS (
    DELETE FROM usage_marks WHERE id IN (SELECT id FROM usage_marks ORDER BY id LIMIT $1) RETURNING hour, tenant_id
  )
  SELECT hour, array_agg(DISTINCT tenant_id) AS tenants, count(*)::int AS marks FROM taken GROUP BY hour ORDER BY hour`;

const CLEAR = 'DELETE FROM usage_hours WHERE hour = $1 AND tenant_id = ANY ($2)';

/** `rollUp` of the domain, in SQL. Meters hold what the epochs before one were active. $3: where the hour ends. */
const MAKE = `
  INSERT INTO usage_hours
    (hour, tenant_id, pool, region, gpu_type, model, model_version, purchase, currency, active_ms, gpu_ms, frames,
     late_frames, sessions_started, started_minutes, segments, cost_nano)
  SELECT $1::timestamptz, tenant_id, pool, region, gpu_type, model, model_version, purchase, currency, sum(active_ms),
         sum(active_ms * width * gpus / slots), sum(frames), sum(late_frames),
         count(*) FILTER (WHERE from_ms = 0 AND active_ms > 0),
         sum((from_ms + active_ms + 59999) / 60000 - (from_ms + 59999) / 60000), count(*), sum(cost_nano)
  FROM (
    SELECT u.*, u.active_from_ms + coalesce(before.active_ms, 0)::bigint AS from_ms
    FROM usage_segments u
    LEFT JOIN LATERAL (
      SELECT sum(m.cut_active_ms) AS active_ms FROM meters m
      WHERE u.epoch > 1 AND m.session_id = u.session_id AND m.epoch < u.epoch
    ) before ON true
    WHERE u.starts_at >= $1::timestamptz AND u.starts_at < $3::timestamptz AND u.tenant_id = ANY ($2)
  ) counted
  GROUP BY tenant_id, pool, region, gpu_type, model, model_version, purchase, currency
  ORDER BY tenant_id, pool`;

interface DirtyHour {
  readonly hour: Date;
  readonly tenants: readonly TenantId[];
  readonly marks: number;
}

/** Within one transaction; answers how many marks it took. */
export async function rollUp(runner: Runner, limit: number): Promise<number> {
  const lock = await runner.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [
    ADVISORY_LOCK,
  ]);
  if (lock.rows[0]?.mine !== true) return 0;
  const { rows } = await runner.query<DirtyHour>(TAKE, [limit]);
  for (const { hour, tenants } of rows) {
    await runner.query(CLEAR, [hour, tenants]);
    await runner.query(MAKE, [hour, tenants, new Date(hour.getTime() + HOUR_MS)]);
  }
  return rows.reduce((sum, { marks }) => sum + marks, 0);
}
