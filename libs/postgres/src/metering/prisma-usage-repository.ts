import type {
  ApplyOutcome,
  Clock,
  FleetCostRow,
  MeterCursor,
  UsageRepository,
  WorkerUptime,
} from '@meridian/application';
import { isAhead, sessionUsageOf } from '@meridian/domain';
import type { MeterReading, Rate, SessionId, SessionUsage, UsageSegment } from '@meridian/domain';
import type { Database } from '../database.ts';
import { readFleetCost } from '../fleet-cost.ts';
import { readRates } from '../rates.ts';
import { timestamp } from '../session-rows.ts';
import { applyReadings, cutOpenParts } from './meters.ts';
import { applyQuiet } from './quiet-readings.ts';
import { meterFrom, segmentFrom } from './usage-rows.ts';
import type { MeterRow, SegmentRow } from './usage-rows.ts';

/** Bounds how long one statement or transaction holds its locks. */
const APPLY_BATCH = 1000;

/** Two that wait for each other's meters: one of them is told so, and begins again. */
const DEADLOCK = '40P01';
const DEADLOCK_TRIES = 5;

/** Meters and segments of one moment: between two, a cut would be counted twice or not at all. */
const USAGE = `
  SELECT s.state = 'ended' AS final,
         array(SELECT to_json(m) FROM meters m WHERE m.session_id = s.session_id ORDER BY m.epoch) AS meters,
         array(
           SELECT to_jsonb(u) || jsonb_build_object('cost_nano', u.cost_nano::text)
           FROM usage_segments u WHERE u.session_id = s.session_id ORDER BY u.starts_at, u.epoch
         ) AS segments
  FROM sessions s WHERE s.session_id = $1`;

interface StoredUsage {
  readonly final: boolean;
  readonly meters: readonly MeterRow[];
  readonly segments: readonly SegmentRow[];
}

export class PrismaUsageRepository implements UsageRepository {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock = { nowMs: () => Date.now() }) {
    this.#database = database;
    this.#clock = clock;
  }

  async apply(readings: readonly MeterReading[]): Promise<ApplyOutcome> {
    let [applied, setAside] = [0, 0];
    const rates = readings.length > 1 ? await this.rates() : [];
    for (let from = 0; from < readings.length; from += APPLY_BATCH) {
      const done = await this.#applyBatch(readings.slice(from, from + APPLY_BATCH), rates);
      [applied, setAside] = [applied + done.applied, setAside + done.setAside];
    }
    return { applied, setAside };
  }

  async #applyBatch(batch: readonly MeterReading[], rates: readonly Rate[]): Promise<ApplyOutcome> {
    const nowMs = this.#clock.nowMs();
    const ahead = batch.filter((reading) => isAhead(reading, nowMs));
    const timely = ahead.length > 0 ? batch.filter((reading) => !isAhead(reading, nowMs)) : batch;
    const left = timely.length > 1 ? await this.#applyQuiet(timely, rates, nowMs) : timely;
    const rest = [...left, ...ahead];
    if (rest.length === 0) return { applied: batch.length, setAside: 0 };
    const { applied, refused } = await untilNoDeadlock(() =>
      this.#database.transaction((runner) => applyReadings(runner, rest, nowMs)),
    );
    return { applied: batch.length - rest.length + applied, setAside: refused.length };
  }

  #applyQuiet(batch: readonly MeterReading[], rates: readonly Rate[], nowMs: number) {
    return untilNoDeadlock(() => applyQuiet(this.#database, batch, rates, nowMs));
  }

  /** Meters that another process is at are left to it. */
  async cutOpen(beforeMs: number, limit: number, after?: MeterCursor) {
    return this.#database.transaction(async (runner) => {
      const { rows } = await runner.query<MeterRow>(
        `SELECT * FROM meters
         WHERE NOT closed AND (session_id, epoch) > ($1, $2) AND last_at < $3
           AND (last_active_ms > cut_active_ms OR last_frames > cut_frames OR last_late_frames > cut_late_frames)
         ORDER BY session_id, epoch LIMIT $4 FOR UPDATE SKIP LOCKED`,
        [after?.sessionId ?? '', after?.epoch ?? 0, timestamp(beforeMs), limit],
      );
      const cut = rows.length > 0 ? await cutOpenParts(runner, rows) : 0;
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return { cut, ...(last && { next: { sessionId: last.session_id, epoch: last.epoch } }) };
    });
  }

  async ensureDays(fromMs: number, toMs: number): Promise<number> {
    const { rows } = await this.#database.query<{ made: boolean }>(
      `SELECT ensure_usage_day(day::date) AS made
       FROM generate_series($1::date, $2::date, interval '1 day') AS day`,
      [timestamp(fromMs).slice(0, 10), timestamp(toMs).slice(0, 10)],
    );
    return rows.filter(({ made }) => made).length;
  }

  /** Undefined: no such session, or it never had a slot. */
  async sessionUsage(
    sessionId: SessionId,
    live: readonly MeterReading[] = [],
  ): Promise<SessionUsage | undefined> {
    const [row] = (await this.#database.query<StoredUsage>(USAGE, [sessionId])).rows;
    if (row === undefined || row.meters.length === 0) return undefined;
    const rates = await this.rates();
    return sessionUsageOf(sessionId, row.segments.map(segmentFrom), row.meters.map(meterFrom), {
      rates,
      final: row.final,
      live,
    });
  }

  async segments(sessionId: SessionId): Promise<readonly UsageSegment[]> {
    const { rows } = await this.#database.query<SegmentRow>(
      'SELECT * FROM usage_segments WHERE session_id = $1 ORDER BY starts_at, epoch',
      [sessionId],
    );
    return rows.map(segmentFrom);
  }

  /** Uptimes only grow: one that comes late changes nothing. */
  async recordUptime(uptimes: readonly WorkerUptime[]): Promise<void> {
    await this.#database.query(
      `INSERT INTO worker_uptime AS u
       SELECT DISTINCT ON (worker_id, incarnation) * FROM json_populate_recordset(NULL::worker_uptime, $1)
       ORDER BY worker_id, incarnation, last_seen_at DESC
       ON CONFLICT (worker_id, incarnation) DO UPDATE
       SET last_seen_at = greatest(u.last_seen_at, excluded.last_seen_at)`,
      [JSON.stringify(uptimes.map(uptimeRow))],
    );
  }

  async fleetCost(fromMs: number, toMs: number): Promise<readonly FleetCostRow[]> {
    return this.#database.snapshot((runner) => readFleetCost(runner, fromMs, toMs));
  }

  async rates(): Promise<readonly Rate[]> {
    return readRates(this.#database);
  }

  /** A rate whose id is there already is left as it is: rates are never changed. */
  async addRate(rate: Rate): Promise<void> {
    const { region = null, effectiveFromMs, recordedAtMs, ...price } = rate;
    const times = { effectiveFrom: new Date(effectiveFromMs), recordedAt: new Date(recordedAtMs) };
    const data = { ...price, region, ...times };
    await this.#database.rows((prisma) => prisma.rate.createMany({ data: [data], skipDuplicates: true }));
  }
}

async function untilNoDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const isDeadlock = error instanceof Error && 'code' in error && error.code === DEADLOCK;
      if (!isDeadlock || tries === DEADLOCK_TRIES) throw error;
    }
  }
}

const uptimeRow = (uptime: WorkerUptime) => ({
  worker_id: uptime.workerId,
  incarnation: uptime.incarnation,
  region: uptime.region,
  pool: uptime.pool,
  gpu_type: uptime.gpuType,
  slots: uptime.slots,
  started_at: timestamp(uptime.startedAtMs),
  last_seen_at: timestamp(uptime.lastSeenAtMs),
  gpus: uptime.gpus,
  purchase: uptime.purchase,
});
