import type { WorkerStateRow } from '@meridian/application';
import type { Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';

/** Of what is said of one process, only what comes after its newest row and differs from the one before it. */
const RECORD = `
  WITH given AS (
    SELECT DISTINCT ON (worker_id, incarnation, at) * FROM json_populate_recordset(NULL::worker_states, $1)
  ),
  newest AS (
    SELECT w.* FROM (SELECT DISTINCT worker_id, incarnation FROM given) g
    JOIN LATERAL (
      SELECT * FROM worker_states s
      WHERE s.worker_id = g.worker_id AND s.incarnation = g.incarnation ORDER BY s.at DESC LIMIT 1
    ) w ON true
  ),
  later AS (
    SELECT g.* FROM given g LEFT JOIN newest n USING (worker_id, incarnation) WHERE n.at IS NULL OR g.at > n.at
  ),
  told AS (
    SELECT *, lag(row(state, used_slots, slots, wanted)) OVER process IS NOT DISTINCT FROM
              row(state, used_slots, slots, wanted) AS known
    FROM (SELECT *, true AS fresh FROM later UNION ALL SELECT *, false FROM newest) each
    WINDOW process AS (PARTITION BY worker_id, incarnation ORDER BY at)
  ),
  added AS (
    INSERT INTO worker_states
    SELECT worker_id, incarnation, at, state, used_slots, slots, wanted FROM told WHERE fresh AND NOT known
    ON CONFLICT DO NOTHING RETURNING worker_id, at
  )
  INSERT INTO gpu_hour_marks (hour, worker_id) SELECT DISTINCT date_trunc('hour', at, 'UTC'), worker_id FROM added`;

/**
 * All that a process was is a failed start when it was never more than booting, and is gone. Those that went longer ago
 * have been looked at before.
 */
const FAIL = `
  WITH failed AS (
    UPDATE worker_states s SET state = 'failed'
    FROM worker_uptime u
    WHERE s.state = 'booting' AND u.worker_id = s.worker_id AND u.incarnation = s.incarnation
      AND u.last_seen_at < $1 AND u.last_seen_at > $1::timestamptz - interval '7 days'
      AND NOT EXISTS (
        SELECT FROM worker_states o
        WHERE o.worker_id = s.worker_id AND o.incarnation = s.incarnation AND o.state <> 'booting'
      )
    RETURNING u.worker_id, u.started_at, u.last_seen_at
  ),
  marked AS (
    INSERT INTO gpu_hour_marks (hour, worker_id)
    SELECT h.hour, f.worker_id
    FROM failed f, generate_series(date_trunc('hour', f.started_at, 'UTC'), f.last_seen_at, '1 hour') AS h(hour)
    RETURNING id
  )
  SELECT count(*)::int AS failed FROM failed`;

export async function recordStates(runner: Runner, rows: readonly WorkerStateRow[]): Promise<void> {
  await runner.query(RECORD, [JSON.stringify(rows.map(stateRow))]);
}

export async function noteFailedStarts(runner: Runner, silentSinceMs: number): Promise<number> {
  const { rows } = await runner.query<{ failed: number }>(FAIL, [timestamp(silentSinceMs)]);
  return rows[0]?.failed ?? 0;
}

const stateRow = ({ workerId, incarnation, atMs, state, usedSlots, slots, isWanted }: WorkerStateRow) => ({
  ...{ worker_id: workerId, incarnation, at: timestamp(atMs), state },
  ...{ used_slots: usedSlots, slots, wanted: isWanted },
});
