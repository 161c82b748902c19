import { setAsideIdOf } from '@meridian/domain';
import type { Epoch, MeterReading, SessionId, SetAsideReading, SetAsideReason } from '@meridian/domain';
import type { Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import type { Refusal } from './meters.ts';

/** Says of readings that no meter is there for whether it is the session or the epoch that is not known. */
export async function refuseUnknown(
  runner: Runner,
  readings: readonly MeterReading[],
): Promise<readonly Refusal[]> {
  if (readings.length === 0) return [];
  const { rows } = await runner.query<{ session_id: SessionId }>(
    'SELECT session_id FROM sessions WHERE session_id = ANY ($1)',
    [readings.map(({ sessionId }) => sessionId)],
  );
  const sessions = new Set(rows.map((row) => row.session_id));
  return readings.map((reading) => ({
    reading,
    reason: sessions.has(reading.sessionId) ? 'unknown_epoch' : 'unknown_session',
  }));
}

/** Each is kept once, however often it comes. */
export async function keepSetAside(runner: Runner, refused: readonly Refusal[]): Promise<void> {
  if (refused.length === 0) return;
  await runner.query(
    `INSERT INTO set_aside_readings SELECT * FROM json_populate_recordset(NULL::set_aside_readings, $1)
     ON CONFLICT (id) DO NOTHING`,
    [JSON.stringify(refused.map(setAsideRow))],
  );
}

const setAsideRow = ({ reading, reason }: Refusal) => ({
  id: setAsideIdOf(reading, reason),
  session_id: reading.sessionId,
  epoch: reading.epoch,
  started_us: reading.startedUs,
  seq: reading.seq,
  active_ms: reading.activeMs,
  frames: reading.frames,
  late_frames: reading.lateFrames,
  slots: reading.slots ?? null,
  at: timestamp(reading.atMs),
  reason,
});

/** A row of `set_aside_readings`. */
export interface SetAsideRow {
  readonly id: string;
  readonly session_id: SessionId;
  readonly epoch: string;
  readonly started_us: string;
  readonly seq: string;
  readonly active_ms: string;
  readonly frames: string;
  readonly late_frames: string;
  readonly slots: number | null;
  readonly at: Date;
  readonly reason: SetAsideReason;
  readonly resolved_at: Date | null;
}

export const setAsideFrom = (row: SetAsideRow): SetAsideReading => ({
  id: row.id,
  reading: {
    sessionId: row.session_id,
    epoch: Number(row.epoch) as Epoch,
    startedUs: Number(row.started_us),
    seq: Number(row.seq),
    activeMs: Number(row.active_ms),
    frames: Number(row.frames),
    lateFrames: Number(row.late_frames),
    ...(row.slots !== null && { slots: row.slots }),
    atMs: row.at.getTime(),
  },
  reason: row.reason,
  ...(row.resolved_at !== null && { resolvedAtMs: row.resolved_at.getTime() }),
});
