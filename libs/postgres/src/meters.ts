// M1. A meter moves only under its row lock, so readings that race are applied one after another, each once.
// Locks are taken in the order of (session, epoch) and workers after meters, everywhere: no two moves wait for each
// other.
import { cutSegments } from '@meridian/domain';
import type {
  CutContext,
  Epoch,
  Meter,
  MeterReading,
  Session,
  SessionId,
  UsageSegment,
} from '@meridian/domain';
import type { Runner } from './database.ts';
import { readRates } from './rates.ts';
import { timestamp } from './session-rows.ts';
import { meterFrom, meterRow, segmentRow } from './usage-rows.ts';
import type { MeterRow } from './usage-rows.ts';

/** Applies readings of any sessions. Those of an epoch that no session had are of nobody, and left out. */
export async function applyReadings(runner: Runner, readings: readonly MeterReading[]): Promise<void> {
  const wanted = readings.map(({ sessionId, epoch }) => ({ session_id: sessionId, epoch }));
  const { rows } = await runner.query<MeterRow>(
    `SELECT m.* FROM meters m
     WHERE (m.session_id, m.epoch) IN (SELECT * FROM json_to_recordset($1) AS w(session_id text, epoch int))
     ORDER BY m.session_id, m.epoch FOR UPDATE`,
    [JSON.stringify(wanted)],
  );
  await move(runner, rows.map(meterFrom), readings);
}

/** Moves the meters of one session that ended, `final` being its last reading, if there is one. */
export async function closeMeters(
  runner: Runner,
  { request }: Session,
  final: MeterReading | undefined,
): Promise<void> {
  const { rows } = await runner.query<MeterRow>(
    'SELECT * FROM meters WHERE session_id = $1 ORDER BY epoch FOR UPDATE',
    [request.sessionId],
  );
  await move(runner, rows.map(meterFrom), final ? [final] : []);
}

async function move(
  runner: Runner,
  meters: readonly Meter[],
  readings: readonly MeterReading[],
): Promise<void> {
  if (meters.length === 0) return;
  // Read after the locks were had: a session that ends meanwhile closes its meters after us, or is seen here.
  const standing = await readStandings(runner, meters);
  const rates = await readRates(runner);
  const byMeter = Map.groupBy(
    readings.toSorted((a, b) => a.seq - b.seq),
    keyOf,
  );
  const cuts = meters.map((meter) =>
    cutAll(meter, byMeter.get(keyOf(meter)) ?? [], { rates, ...standing(meter) }),
  );
  await store(runner, cuts);
}

const keyOf = ({ sessionId, epoch }: Pick<Meter, 'sessionId' | 'epoch'>): string => `${sessionId} ${epoch}`;

interface MeterCut {
  readonly meter: Meter;
  readonly segments: readonly UsageSegment[];
}

/** Without a reading the meter is only closed. */
function cutAll(meter: Meter, readings: readonly MeterReading[], context: CutContext): MeterCut {
  const steps = readings.length > 0 ? readings : [undefined];
  return steps.reduce<MeterCut>(
    (done, reading) => {
      const next = cutSegments(done.meter, reading, context);
      return { meter: next.meter, segments: [...done.segments, ...next.segments] };
    },
    { meter, segments: [] },
  );
}

/** Says of a meter whether its session has ended, and when it moved on from the meter's epoch. */
async function readStandings(
  runner: Runner,
  meters: readonly Meter[],
): Promise<(meter: Meter) => Omit<CutContext, 'rates'>> {
  const ids = meters.map(({ sessionId }) => sessionId);
  const { rows } = await runner.query<{ session_id: SessionId; epoch: number; ended: boolean }>(
    `SELECT session_id, epoch, state = 'ended' AS ended FROM sessions WHERE session_id = ANY ($1)`,
    [ids],
  );
  const sessions = new Map(rows.map((row) => [row.session_id, row]));
  const hasMoved = meters.some(({ sessionId, epoch }) => (sessions.get(sessionId)?.epoch ?? 0) > epoch);
  const places = hasMoved ? await readPlaces(runner, ids) : [];
  return ({ sessionId, epoch }) => ({
    close: sessions.get(sessionId)?.ended ?? true,
    leftAtMs: places.find((place) => place.session_id === sessionId && place.epoch > epoch)?.at.getTime(),
  });
}

/** When the sessions were given which epoch, in order. */
async function readPlaces(runner: Runner, sessionIds: readonly SessionId[]) {
  const { rows } = await runner.query<{ session_id: SessionId; epoch: Epoch; at: Date }>(
    `SELECT session_id, (event #>> '{lease,epoch}')::int AS epoch, at FROM session_events
     WHERE session_id = ANY ($1) AND type IN ('reserved', 'migrated') ORDER BY session_id, number`,
    [sessionIds],
  );
  return rows;
}

async function store(runner: Runner, cuts: readonly MeterCut[]): Promise<void> {
  await runner.query(
    `WITH cut AS (INSERT INTO usage_segments SELECT * FROM json_populate_recordset(NULL::usage_segments, $2))
     UPDATE meters m
     SET seq = r.seq, last_at = r.last_at, last_active_ms = r.last_active_ms, last_frames = r.last_frames,
         last_late_frames = r.last_late_frames, cut_at = r.cut_at, cut_active_ms = r.cut_active_ms,
         cut_frames = r.cut_frames, cut_late_frames = r.cut_late_frames
     FROM json_populate_recordset(NULL::meters, $1) r
     WHERE m.session_id = r.session_id AND m.epoch = r.epoch`,
    [
      JSON.stringify(cuts.map(({ meter }) => meterRow(meter))),
      JSON.stringify(cuts.flatMap(({ segments }) => segments.map(segmentRow))),
    ],
  );
  await extendUptime(
    runner,
    cuts.map(({ meter }) => meter),
  );
}

/** A reading is proof that its worker was up: without this a session could show a cost before its GPU has a bill. */
async function extendUptime(runner: Runner, meters: readonly Meter[]): Promise<void> {
  const seen = new Map<string, number>();
  for (const { workerId, last } of meters) seen.set(workerId, Math.max(last.atMs, seen.get(workerId) ?? 0));
  await runner.query(
    `WITH seen AS (
       SELECT u.worker_id, u.incarnation, s.at
       FROM json_to_recordset($1) AS s(worker_id text, at timestamptz)
       JOIN worker_uptime u ON u.worker_id = s.worker_id AND u.last_seen_at < s.at
       WHERE u.started_at = (
         SELECT max(o.started_at) FROM worker_uptime o WHERE o.worker_id = s.worker_id AND o.started_at <= s.at
       )
       ORDER BY u.worker_id, u.incarnation FOR UPDATE OF u
     )
     UPDATE worker_uptime u SET last_seen_at = seen.at
     FROM seen WHERE u.worker_id = seen.worker_id AND u.incarnation = seen.incarnation`,
    [JSON.stringify([...seen].map(([workerId, atMs]) => ({ worker_id: workerId, at: timestamp(atMs) })))],
  );
}
