// M3. The hour is added up again from uptimes, rates and segments, in exact numbers and in SQL: what made the rows has no
// part in it. `UP` is the bill (`billsWithin` of the domain), `PAID` what sessions paid, `MADE` what the rows say.
import type { ConservationCheck, ConservationSummary } from '@meridian/application';
import { HOUR_MS } from '@meridian/domain';
import type { ConservationBreach } from '@meridian/domain';
import type { Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { breachFrom, IDLE_NANO } from './gpu-hour-rows.ts';
import type { BreachRow } from './gpu-hour-rows.ts';

/** Bounds: where an uptime begins and ends within the hour, and where a rate of its GPU type comes into force. */
const UP = `
  ups AS (
    SELECT *, greatest(started_at, $1) AS from_at, least(last_seen_at, $2) AS to_at
    FROM worker_uptime WHERE started_at < $2 AND last_seen_at > $1
  ),
  bounds AS (
    SELECT worker_id, incarnation, from_at AS at FROM ups
    UNION SELECT worker_id, incarnation, to_at FROM ups
    UNION SELECT u.worker_id, u.incarnation, greatest(r.effective_from, r.recorded_at)
    FROM ups u JOIN rates r ON r.gpu_type = u.gpu_type
      AND greatest(r.effective_from, r.recorded_at) > u.from_at AND greatest(r.effective_from, r.recorded_at) < u.to_at
  ),
  pieces AS (
    SELECT worker_id, incarnation, at, lead(at) OVER (PARTITION BY worker_id, incarnation ORDER BY at) AS next FROM bounds
  ),
  bills AS (
    SELECT u.worker_id, u.incarnation, u.region, u.pool, coalesce(r.currency, 'GBP') AS currency,
           div(sum(extract(epoch FROM p.next - p.at) * 1000 * coalesce(r.nano_per_gpu_hour, 0) * u.gpus), 3600000) AS nano
    FROM pieces p JOIN ups u USING (worker_id, incarnation) LEFT JOIN LATERAL (
      SELECT r.*, greatest(r.effective_from, r.recorded_at) <= p.at AS holds
      FROM rates r
      WHERE r.gpu_type = u.gpu_type AND (r.region IS NULL OR r.region = u.region)
        AND r.purchase IN (u.purchase, 'on_demand')
      ORDER BY holds DESC, CASE WHEN greatest(r.effective_from, r.recorded_at) <= p.at THEN NULL ELSE r.recorded_at END,
        r.purchase <> 'on_demand' DESC, r.region IS NOT NULL DESC, r.effective_from DESC, r.recorded_at DESC, r.rate_id COLLATE "C" DESC
      LIMIT 1
    ) r ON true
    WHERE p.next IS NOT NULL
    GROUP BY u.worker_id, u.incarnation, u.region, u.pool, coalesce(r.currency, 'GBP')
  )`;

const PAID = `
  paid AS (
    SELECT s.worker_id, coalesce(u.incarnation, '') AS incarnation, min(s.region) AS region, min(s.pool) AS pool,
           s.currency, sum(s.cost_nano) AS nano
    FROM usage_segments s LEFT JOIN LATERAL (
      SELECT incarnation FROM worker_uptime u WHERE u.worker_id = s.worker_id AND u.started_at < $2
      ORDER BY u.started_at <= s.starts_at DESC, CASE WHEN u.started_at <= s.starts_at THEN u.started_at END DESC,
        u.started_at
      LIMIT 1
    ) u ON true
    WHERE s.starts_at >= $1 AND s.starts_at < $2
    GROUP BY s.worker_id, coalesce(u.incarnation, ''), s.currency
  )`;

/** Of these something is still to be made anew: they are looked at another time. */
const DEFERRED = `
  deferred AS (
    SELECT worker_id FROM gpu_hour_marks WHERE hour = $1
    UNION SELECT worker_id FROM ups WHERE counted_to IS NULL OR counted_to < to_at
    UNION SELECT worker_id FROM meters
    WHERE NOT closed AND cut_at < $2 AND last_at >= $1 AND last_active_ms > cut_active_ms
  )`;

const CHECK = `
  WITH ${UP}, ${PAID}, ${DEFERRED},
  made AS (
    SELECT worker_id, incarnation, region, pool, currency, bill_nano, session_nano, ${IDLE_NANO} AS idle_nano
    FROM gpu_hours WHERE hour = $1
  ),
  sums AS (
    SELECT worker_id, incarnation, currency, coalesce(b.region, p.region, m.region) AS region,
           coalesce(b.pool, p.pool, m.pool) AS pool, coalesce(b.nano, 0) AS bill_nano,
           coalesce(p.nano, 0) AS session_nano, coalesce(m.idle_nano, 0) AS idle_nano,
           coalesce(m.bill_nano, 0) AS made_bill, coalesce(m.session_nano, 0) AS made_session
    FROM bills b FULL JOIN paid p USING (worker_id, incarnation, currency)
    FULL JOIN made m USING (worker_id, incarnation, currency)
  )
  SELECT s.worker_id, s.incarnation, s.region, s.pool, s.currency, s.bill_nano::text, s.session_nano::text,
         s.idle_nano::text, d.worker_id IS NOT NULL AS deferred,
         coalesce(nullif(s.bill_nano - s.session_nano - s.idle_nano, 0), nullif(s.made_bill - s.bill_nano, 0),
                  s.made_session - s.session_nano)::text AS difference_nano
  FROM sums s LEFT JOIN deferred d USING (worker_id)`;

type SumRow = Omit<BreachRow, 'hour' | 'found_at' | 'resolved_at'> & { readonly deferred: boolean };

/** Within one transaction of one moment. */
export async function checkHour(runner: Runner, hourMs: number, atMs: number): Promise<ConservationCheck> {
  const window = [timestamp(hourMs), timestamp(hourMs + HOUR_MS)];
  const { rows } = await runner.query<SumRow>(CHECK, window);
  const checked = rows.filter(({ deferred }) => !deferred);
  const wrong = checked.filter((row) => row.difference_nano !== '0');
  const found = await keepBreaches(runner, hourMs, atMs, wrong);
  const resolved = await resolveBreaches(
    runner,
    hourMs,
    atMs,
    rows.filter((row) => !checked.includes(row) || wrong.includes(row)),
  );
  const deferred = rows.length - checked.length;
  await runner.query(
    `INSERT INTO conservation_hours (hour, stale, checked_at, gpu_hours, deferred) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (hour) DO UPDATE
     SET stale = excluded.stale, checked_at = excluded.checked_at, gpu_hours = excluded.gpu_hours,
         deferred = excluded.deferred`,
    [window[0], deferred > 0, timestamp(atMs), checked.length, deferred],
  );
  return { hourMs, checked: checked.length, deferred, found, resolved };
}

/** Answers with those that are news. */
async function keepBreaches(
  runner: Runner,
  hourMs: number,
  atMs: number,
  wrong: readonly SumRow[],
): Promise<readonly ConservationBreach[]> {
  if (wrong.length === 0) return [];
  const given = wrong.map((row) => ({ ...row, hour: timestamp(hourMs), found_at: timestamp(atMs) }));
  const { rows } = await runner.query<BreachRow>(
    `INSERT INTO conservation_breaches AS b
     SELECT * FROM json_populate_recordset(NULL::conservation_breaches, $1)
     ON CONFLICT (hour, worker_id, incarnation, currency) DO UPDATE
     SET bill_nano = excluded.bill_nano, session_nano = excluded.session_nano, idle_nano = excluded.idle_nano,
         difference_nano = excluded.difference_nano, found_at = excluded.found_at, resolved_at = NULL
     WHERE b.resolved_at IS NOT NULL OR b.difference_nano <> excluded.difference_nano
     RETURNING *`,
    [JSON.stringify(given)],
  );
  return rows.map(breachFrom);
}

/** All but those that are wrong still, or that nobody could say anything of. */
async function resolveBreaches(
  runner: Runner,
  hourMs: number,
  atMs: number,
  unresolved: readonly SumRow[],
): Promise<number> {
  const { rowCount } = await runner.query(
    `UPDATE conservation_breaches b SET resolved_at = $2
     WHERE hour = $1 AND resolved_at IS NULL AND NOT EXISTS (
       SELECT FROM json_to_recordset($3) AS u(worker_id text, incarnation text, currency text, deferred boolean)
       WHERE u.worker_id = b.worker_id
         AND (u.deferred OR (u.incarnation = b.incarnation AND u.currency = b.currency))
     )`,
    [timestamp(hourMs), timestamp(atMs), JSON.stringify(unresolved)],
  );
  return rowCount ?? 0;
}

export async function readChecks(runner: Runner, fromMs: number, toMs: number): Promise<ConservationSummary> {
  const { rows } = await runner.query<{
    hours: string;
    gpu_hours: string;
    deferred: string;
    checked_at: Date | null;
  }>(
    `SELECT count(checked_at) AS hours, coalesce(sum(gpu_hours), 0) AS gpu_hours, coalesce(sum(deferred), 0) AS deferred,
            max(checked_at) AS checked_at
     FROM conservation_hours WHERE hour >= $1 AND hour < $2`,
    [timestamp(fromMs), timestamp(toMs)],
  );
  const [row] = rows;
  return {
    ...{ hours: Number(row?.hours ?? 0), gpuHours: Number(row?.gpu_hours ?? 0) },
    deferred: Number(row?.deferred ?? 0),
    ...(row?.checked_at && { checkedAtMs: row.checked_at.getTime() }),
  };
}
