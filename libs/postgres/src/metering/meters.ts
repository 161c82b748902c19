// M1. A meter moves only under its row lock, so readings that race are applied one after another, each once.
// Locks are taken in the order of (session, epoch) and workers after meters, everywhere: no two moves wait for each
// other. What a session's end or move means for its meters is in their own rows (`ended_at`, `left_at`), so that
// whoever has the lock knows it.
import { cutSegments, hasOpenPart, isNews, judgeReading } from '@meridian/domain';
import type { Meter, MeterReading, Rate, Session, SetAsideReason, UsageSegment } from '@meridian/domain';
import type { Runner } from '../database.ts';
import { readRates } from '../rates.ts';
import { timestamp } from '../session-rows.ts';
import { keepSetAside, refuseUnknown } from './set-aside-rows.ts';
import { movedRow, meterFrom, segmentRow, standingFrom } from './usage-rows.ts';
import type { MeterRow, Standing } from './usage-rows.ts';

export interface Refusal {
  readonly reading: MeterReading;
  readonly reason: SetAsideReason;
}

/** Readings by what became of them; those that said nothing new are in neither. */
export interface Moved {
  readonly applied: number;
  readonly refused: readonly Refusal[];
}

/** Applies readings of any sessions, and keeps those that cannot be. */
export async function applyReadings(
  runner: Runner,
  readings: readonly MeterReading[],
  nowMs: number,
): Promise<Moved> {
  const { rows } = await runner.query<MeterRow>(
    `SELECT m.* FROM meters m
     WHERE (m.session_id, m.epoch) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
     ORDER BY m.session_id, m.epoch FOR UPDATE`,
    [readings.map(({ sessionId }) => sessionId), readings.map(({ epoch }) => epoch)],
  );
  const moved = await move(runner, rows, { readings, nowMs });
  const known = new Set(rows.map(({ session_id: sessionId, epoch }) => keyOf({ sessionId, epoch })));
  const unknown = await refuseUnknown(
    runner,
    readings.filter((reading) => !known.has(keyOf(reading))),
  );
  const refused = [...moved.refused, ...unknown];
  await keepSetAside(runner, refused);
  return { applied: moved.applied, refused };
}

/** Moves the meters of one session that may have ended, `final` being its last reading, if there is one. */
export async function closeMeters(
  runner: Runner,
  { request, endedAtMs }: Session,
  final: MeterReading | undefined,
  nowMs: number,
): Promise<void> {
  const { rows } = await runner.query<MeterRow>(
    'SELECT * FROM meters WHERE session_id = $1 ORDER BY epoch FOR UPDATE',
    [request.sessionId],
  );
  const { refused } = await move(runner, rows, { readings: final ? [final] : [], nowMs, endedAtMs });
  await keepSetAside(runner, refused);
}

/** Cuts what is open in these meters, whose rows are locked, whether their sessions go on or not. */
export async function cutOpenParts(runner: Runner, rows: readonly MeterRow[]): Promise<number> {
  const rates = await readRates(runner);
  const cuts = rows.map((row) => {
    const { meter, segments } = cutSegments(meterFrom(row), undefined, { rates, close: true });
    return { meter, segments, standing: standingFrom(row), applied: 0, refused: [] };
  });
  const moved = cuts.filter(({ segments }) => segments.length > 0);
  await store(runner, moved);
  return moved.length;
}

interface Move {
  readonly readings: readonly MeterReading[];
  readonly nowMs: number;
  /** The session ends with this move. */
  readonly endedAtMs?: number | undefined;
}

async function move(
  runner: Runner,
  rows: readonly MeterRow[],
  { readings, nowMs, endedAtMs }: Move,
): Promise<Moved> {
  if (rows.length === 0) return { applied: 0, refused: [] };
  const rates = await readRates(runner);
  const byMeter = Map.groupBy(
    readings.toSorted((a, b) => a.startedUs - b.startedUs || a.seq - b.seq),
    keyOf,
  );
  const cuts = rows.map((row) => {
    const meter = meterFrom(row);
    const known = standingFrom(row);
    const standing = { ...known, endedAtMs: known.endedAtMs ?? endedAtMs };
    return cutAll(meter, byMeter.get(keyOf(meter)) ?? [], { rates, nowMs, standing });
  });
  await store(runner, cuts);
  const seen = cuts.filter(({ applied }) => applied > 0).map(({ meter }) => meter);
  if (seen.length > 0) await extendUptime(runner, seen);
  return {
    applied: cuts.reduce((sum, { applied }) => sum + applied, 0),
    refused: cuts.flatMap(({ refused }) => refused),
  };
}

const keyOf = ({ sessionId, epoch }: Pick<Meter, 'sessionId' | 'epoch'>): string => `${sessionId} ${epoch}`;

interface MeterCut extends Moved {
  readonly meter: Meter;
  readonly segments: readonly UsageSegment[];
  readonly standing: Standing;
}

interface CutContext {
  readonly rates: readonly Rate[];
  readonly nowMs: number;
  readonly standing: Standing;
}

/** Without a reading that is news the meter is only closed. */
function cutAll(
  before: Meter,
  readings: readonly MeterReading[],
  { rates, nowMs, standing }: CutContext,
): MeterCut {
  const { leftAtMs, endedAtMs } = standing;
  const context = { rates, close: endedAtMs !== undefined, leftAtMs };
  const refused: Refusal[] = [];
  let [meter, applied] = [before, 0];
  const segments: UsageSegment[] = [];
  const cut = (reading: MeterReading | undefined): void => {
    const done = cutSegments(meter, reading, context);
    meter = done.meter;
    segments.push(...done.segments);
  };
  for (const reading of readings) {
    if (!isNews(meter, reading)) continue;
    const reason = judgeReading(meter, reading, { nowMs, closedAtMs: leftAtMs ?? endedAtMs });
    if (reason) refused.push({ reading, reason });
    else cut(reading);
    if (!reason) applied += 1;
  }
  if (applied === 0) cut(undefined);
  return { meter, segments, standing, applied, refused };
}

/** Segments, the marks of the hours they change, and the meters that they were cut from: together or not at all. */
async function store(runner: Runner, cuts: readonly MeterCut[]): Promise<void> {
  const segments = cuts.flatMap((cut) => cut.segments);
  if (segments.length > 0) await ensureDays(runner, segments);
  await runner.query(STORE, [JSON.stringify(cuts.map(cutRow)), JSON.stringify(segments.map(segmentRow))]);
  const late = cuts.filter((cut) => cut.standing.leftAtMs !== undefined && cut.segments.length > 0);
  if (late.length > 0) await markLaterHours(runner, late);
}

const STORE = `
  WITH cut AS (SELECT * FROM json_populate_recordset(NULL::usage_segments, $2)),
  segment AS (INSERT INTO usage_segments SELECT * FROM cut),
  mark AS (
    INSERT INTO usage_marks (hour, tenant_id) SELECT DISTINCT date_trunc('hour', starts_at, 'UTC'), tenant_id FROM cut
  )
  UPDATE meters m
  SET started_us = r.started_us, seq = r.seq, earlier = r.earlier, slots = r.slots,
      last_at = r.last_at, last_active_ms = r.last_active_ms,
      last_frames = r.last_frames, last_late_frames = r.last_late_frames, cut_at = r.cut_at,
      cut_active_ms = r.cut_active_ms, cut_frames = r.cut_frames, cut_late_frames = r.cut_late_frames,
      ended_at = r.ended_at, closed = r.closed
  FROM json_populate_recordset(NULL::meters, $1) r
  WHERE m.session_id = r.session_id AND m.epoch = r.epoch`;

const cutRow = ({ meter, standing: { endedAtMs } }: MeterCut) => ({
  ...movedRow(meter),
  ended_at: endedAtMs === undefined ? null : timestamp(endedAtMs),
  closed: endedAtMs !== undefined && !hasOpenPart(meter),
});

/** The partitions of the days on which these segments start. */
async function ensureDays(runner: Runner, segments: readonly UsageSegment[]): Promise<void> {
  const days = [...new Set(segments.map(({ startsAtMs }) => timestamp(startsAtMs).slice(0, 10)))];
  await runner.query('SELECT ensure_usage_day(day) FROM unnest($1::date[]) AS day', [days.sort()]);
}

/**
 * More was used in an epoch that the session has left: the minutes that it began later are counted from there on, so
 * those hours are added up again.
 */
async function markLaterHours(runner: Runner, late: readonly MeterCut[]): Promise<void> {
  const from = Math.min(...late.flatMap(({ segments }) => segments.map(({ startsAtMs }) => startsAtMs)));
  await runner.query(
    `INSERT INTO usage_marks (hour, tenant_id)
     SELECT DISTINCT date_trunc('hour', starts_at, 'UTC'), tenant_id FROM usage_segments
     WHERE session_id = ANY ($1) AND starts_at >= $2`,
    [late.map(({ meter }) => meter.sessionId), timestamp(from)],
  );
}

/** A reading is proof that its worker was up: without this a session could show a cost before its GPU has a bill. */
async function extendUptime(runner: Runner, meters: readonly Meter[]): Promise<void> {
  const seen = new Map<string, number>();
  for (const { workerId, last } of meters) seen.set(workerId, Math.max(last.atMs, seen.get(workerId) ?? 0));
  await runner.query(
    `WITH proof AS (SELECT * FROM json_to_recordset($1) AS s(worker_id text, at timestamptz)), ${SEEN}
     SELECT FROM extended`,
    [JSON.stringify([...seen].map(([workerId, atMs]) => ({ worker_id: workerId, at: timestamp(atMs) })))],
  );
}

/** For a CTE `proof (worker_id, at)`: extends the uptime of the process that each worker was then. */
export const SEEN = `
  seen AS (
    SELECT u.worker_id, u.incarnation, s.at
    FROM proof s JOIN worker_uptime u ON u.worker_id = s.worker_id AND u.last_seen_at < s.at
    WHERE u.started_at = (
      SELECT max(o.started_at) FROM worker_uptime o WHERE o.worker_id = s.worker_id AND o.started_at <= s.at
    )
    ORDER BY u.worker_id, u.incarnation FOR UPDATE OF u
  ),
  extended AS (
    UPDATE worker_uptime u SET last_seen_at = seen.at
    FROM seen WHERE u.worker_id = seen.worker_id AND u.incarnation = seen.incarnation
    RETURNING u.worker_id
  )`;
