// GPU hours are made anew from what they are made of, never added to, so that a run that comes twice or late leaves the
// same rows. Two things say that one is due: a mark, written together with a segment or state; and an uptime that has
// grown beyond what was counted. One process at a time: of two, the one that saw less might be the last to write.
import { gpuHoursOf, HOUR_MS, hourOf } from '@meridian/domain';
import type { Rate, WorkerId } from '@meridian/domain';
import type { Runner } from '../database.ts';
import { readRates } from '../rates.ts';
import { timestamp } from '../session-rows.ts';
import { gpuHourRow } from './gpu-hour-rows.ts';
import { readHourParts } from './hour-parts.ts';

/** Any number that nothing else of the database locks. */
const ADVISORY_LOCK = 637434263;

const TAKE = `
  WITH taken AS (
    DELETE FROM gpu_hour_marks WHERE id IN (SELECT id FROM gpu_hour_marks ORDER BY id LIMIT $1)
    RETURNING hour, worker_id
  )
  SELECT DISTINCT hour, worker_id FROM taken`;

const GROWN = `
  SELECT worker_id, incarnation, coalesce(counted_to, started_at) AS from_at, last_seen_at
  FROM worker_uptime WHERE counted_to IS NULL OR counted_to < last_seen_at
  ORDER BY coalesce(counted_to, started_at), worker_id, incarnation LIMIT $1`;

/** Locked in the order in which everybody locks them. */
const COUNTED = `
  WITH counted AS (
    SELECT u.worker_id, u.incarnation, c.counted_to
    FROM json_to_recordset($1) AS c(worker_id text, incarnation text, counted_to timestamptz)
    JOIN worker_uptime u USING (worker_id, incarnation)
    ORDER BY u.worker_id, u.incarnation FOR UPDATE OF u
  )
  UPDATE worker_uptime u SET counted_to = c.counted_to
  FROM counted c WHERE u.worker_id = c.worker_id AND u.incarnation = c.incarnation`;

const CLEAR = 'DELETE FROM gpu_hours WHERE hour = $1 AND worker_id = ANY ($2)';
const STORE = 'INSERT INTO gpu_hours SELECT * FROM json_populate_recordset(NULL::gpu_hours, $1)';
const STALE = `
  INSERT INTO conservation_hours AS c (hour, stale) VALUES ($1, true)
  ON CONFLICT (hour) DO UPDATE SET stale = true WHERE NOT c.stale`;

/** Within one transaction; answers how many hours of workers it made. 0: none is due, or another process is at it. */
export async function recompute(runner: Runner, limit: number): Promise<number> {
  const lock = await runner.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [
    ADVISORY_LOCK,
  ]);
  if (lock.rows[0]?.mine !== true) return 0;
  const { due, counted } = await takeDue(runner, limit);
  const rates = await readRates(runner);
  for (const [hourMs, workerIds] of due) await makeHour(runner, hourMs, [...workerIds], rates);
  // Last, since a flush that wants to extend these uptimes waits for us from here on.
  await runner.query(COUNTED, [JSON.stringify(counted)]);
  return [...due.values()].reduce((sum, workerIds) => sum + workerIds.size, 0);
}

async function makeHour(
  runner: Runner,
  hourMs: number,
  workerIds: readonly WorkerId[],
  rates: readonly Rate[],
): Promise<void> {
  const { hourParts, workers } = await readHourParts(runner, hourMs, workerIds, rates);
  const rows = workers.flatMap((workerId) => gpuHoursOf({ ...hourParts(workerId), hourMs, rates }));
  await runner.query(CLEAR, [timestamp(hourMs), workerIds]);
  await runner.query(STORE, [JSON.stringify(rows.map(gpuHourRow))]);
  await runner.query(STALE, [timestamp(hourMs)]);
}

async function takeDue(runner: Runner, limit: number) {
  const due = new Map<number, Set<WorkerId>>();
  const add = (hourMs: number, workerId: WorkerId): void => {
    due.set(hourMs, (due.get(hourMs) ?? new Set()).add(workerId));
  };
  const marked = await runner.query<{ hour: Date; worker_id: WorkerId }>(TAKE, [limit]);
  for (const { hour, worker_id: workerId } of marked.rows) add(hour.getTime(), workerId);
  const { rows } = await runner.query<GrownRow>(GROWN, [limit]);
  const hoursEach = Math.max(1, Math.floor(limit / Math.max(1, rows.length)));
  const counted = rows.map((row) => {
    const { hours, countedMs } = grownHours(row, hoursEach);
    for (const hourMs of hours) add(hourMs, row.worker_id);
    return { worker_id: row.worker_id, incarnation: row.incarnation, counted_to: timestamp(countedMs) };
  });
  return { due, counted };
}

interface GrownRow {
  readonly worker_id: WorkerId;
  readonly incarnation: string;
  readonly from_at: Date;
  readonly last_seen_at: Date;
}

/** A long history is counted a part at a time. */
function grownHours({ from_at: from, last_seen_at: to }: GrownRow, most: number) {
  const firstMs = hourOf(from.getTime());
  const all = Math.floor((to.getTime() - firstMs) / HOUR_MS) + 1;
  const hours = Array.from({ length: Math.min(all, most) }, (_, i) => firstMs + i * HOUR_MS);
  return { hours, countedMs: Math.min(to.getTime(), firstMs + hours.length * HOUR_MS) };
}
