// Nearly every reading only says that a session went on. Those are one statement a batch, in which nothing is read back
// but what it could not move: readings that cross an hour, a change of rate or density, that are of a session that has
// ended or moved on, of a second process at one epoch, or that are odd. The caller applies the rest one by one (meters.ts),
// so the conditions here need only be sure, not complete.
import { CLOCK_SLACK_MS, FRAMES_PER_SECOND_MAX, hourOf, rateHoldsFromMs } from '@meridian/domain';
import type { MeterReading, Rate } from '@meridian/domain';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { SEEN } from './meters.ts';

const QUIET = `
  WITH given AS (
    SELECT *, to_timestamp(at_ms / 1000.0) AS at
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
      $9::bigint[])
      WITH ORDINALITY AS g(session_id, epoch, started_us, seq, active_ms, frames, late_frames, slots, at_ms, number)
  ),
  moved AS (
    UPDATE meters m
    SET started_us = g.started_us, seq = g.seq, last_at = greatest(m.last_at, g.at), last_active_ms = g.active_ms,
        last_frames = g.frames, last_late_frames = g.late_frames
    FROM given g
    WHERE m.session_id = g.session_id AND m.epoch = g.epoch AND m.seq < g.seq
      AND m.started_us IN (0, g.started_us) AND m.earlier IS NULL
      AND m.left_at IS NULL AND m.ended_at IS NULL
      AND m.cut_at >= $10 AND g.at_ms BETWEEN $11 AND $12
      AND NOT EXISTS (
        SELECT FROM unnest($13::text[], $14::text[], $15::timestamptz[]) AS c(gpu_type, region, at)
        WHERE c.gpu_type = m.gpu_type AND (c.region IS NULL OR c.region = m.region) AND m.cut_at < c.at
      )
      AND (g.slots = 0 OR g.slots = m.slots)
      AND m.last_active_ms <= g.active_ms AND m.last_frames <= g.frames AND m.last_late_frames <= g.late_frames
      AND greatest(g.active_ms, g.frames * 1000 / ${FRAMES_PER_SECOND_MAX})
        <= extract(epoch FROM g.at - m.started_at) * 1000 + ${CLOCK_SLACK_MS}
    RETURNING g.number, m.worker_id, m.last_at
  ),
  proof AS (SELECT worker_id, max(last_at) AS at FROM moved GROUP BY worker_id), ${SEEN}
  SELECT number FROM given WHERE number NOT IN (SELECT number FROM moved)`;

/** Applies the readings that need no segment; answers with the others, of which it applied none. */
export async function applyQuiet(
  database: Database,
  readings: readonly MeterReading[],
  rates: readonly Rate[],
  nowMs: number,
): Promise<readonly MeterReading[]> {
  // Locks are taken in this order where the planner lets them; else two that wait for each other are told so.
  const sorted = readings.toSorted(bySessionAndEpoch);
  // Of two readings of a meter the statement would take either.
  const [given, several] = partition(
    sorted,
    (reading, i) => !isSameMeter(reading, sorted[i - 1], sorted[i + 1]),
  );
  if (given.length === 0) return several;
  const newestMs = given.reduce((newest, { atMs }) => Math.max(newest, atMs), 0);
  // Every meter is cut at the hour, and where its rate changed since.
  const hourMs = hourOf(newestMs);
  const changes = rates
    .map((rate) => ({ ...rate, atMs: rateHoldsFromMs(rate) }))
    .filter(({ atMs }) => atMs > hourMs && atMs <= newestMs);
  const { rows } = await database.prepared<{ number: string }>('apply-quiet', QUIET, [
    given.map(({ sessionId }) => sessionId),
    ...COUNTERS.map((counter) => `{${given.map((reading) => reading[counter] ?? 0).join(',')}}`),
    timestamp(hourMs),
    hourMs,
    nowMs + CLOCK_SLACK_MS,
    changes.map(({ gpuType }) => gpuType),
    changes.map(({ region }) => region ?? null),
    changes.map(({ atMs }) => timestamp(atMs)),
  ]);
  return [...several, ...rows.flatMap(({ number }) => given[Number(number) - 1] ?? [])];
}

const COUNTERS = ['epoch', 'startedUs', 'seq', 'activeMs', 'frames', 'lateFrames', 'slots', 'atMs'] as const;

const isSameMeter = (reading: MeterReading, ...others: readonly (MeterReading | undefined)[]): boolean =>
  others.some((other) => other?.sessionId === reading.sessionId && other.epoch === reading.epoch);

function partition<T>(items: readonly T[], holds: (item: T, i: number) => boolean): readonly [T[], T[]] {
  const [first, second]: [T[], T[]] = [[], []];
  items.forEach((item, i) => (holds(item, i) ? first : second).push(item));
  return [first, second];
}

const bySessionAndEpoch = (a: MeterReading, b: MeterReading): number => {
  if (a.sessionId !== b.sessionId) return a.sessionId < b.sessionId ? -1 : 1;
  return a.epoch - b.epoch || a.seq - b.seq;
};
