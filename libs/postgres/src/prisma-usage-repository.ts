import type { FleetCostRow, UsageRepository, WorkerUptime } from '@meridian/application';
import { sessionUsageOf } from '@meridian/domain';
import type { MeterReading, Rate, SessionId, SessionUsage, UsageSegment } from '@meridian/domain';
import type { Database } from './database.ts';
import { readFleetCost } from './fleet-cost.ts';
import { applyReadings } from './meters.ts';
import { readRates } from './rates.ts';
import { timestamp } from './session-rows.ts';
import { meterFrom, segmentFrom } from './usage-rows.ts';
import type { MeterRow, SegmentRow } from './usage-rows.ts';

/** Bounds how long one transaction holds its locks. */
const APPLY_BATCH = 1000;

/** Meters and segments of one moment: between two, a cut would be counted twice or not at all. */
const USAGE = `
  SELECT s.state = 'ended' AS final,
         array(SELECT to_json(m) FROM meters m WHERE m.session_id = s.session_id ORDER BY m.epoch) AS meters,
         array(
           SELECT to_jsonb(u) || jsonb_build_object('cost_nano', u.cost_nano::text, 'width', m.width, 'gpus', m.gpus)
           FROM usage_segments u JOIN meters m USING (session_id, epoch) WHERE u.session_id = s.session_id ORDER BY u.starts_at, u.epoch
         ) AS segments
  FROM sessions s WHERE s.session_id = $1`;

interface UsageRow {
  readonly final: boolean;
  readonly meters: readonly MeterRow[];
  readonly segments: readonly SegmentRow[];
}

export class PrismaUsageRepository implements UsageRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async apply(readings: readonly MeterReading[]): Promise<void> {
    for (let from = 0; from < readings.length; from += APPLY_BATCH) {
      const batch = readings.slice(from, from + APPLY_BATCH);
      await this.#database.transaction((runner) => applyReadings(runner, batch));
    }
  }

  /** Undefined: no such session, or it never had a slot. */
  async sessionUsage(sessionId: SessionId, live?: MeterReading): Promise<SessionUsage | undefined> {
    const [row] = (await this.#database.query<UsageRow>(USAGE, [sessionId])).rows;
    if (row === undefined || row.meters.length === 0) return undefined;
    const rates = await this.rates();
    return sessionUsageOf(sessionId, row.segments.map(segmentFrom), row.meters.map(meterFrom), {
      rates,
      final: row.final,
      ...(live === undefined ? {} : { live }),
    });
  }

  async segments(sessionId: SessionId): Promise<readonly UsageSegment[]> {
    const { rows } = await this.#database.query<SegmentRow>(
      `SELECT u.*, m.width, m.gpus FROM usage_segments u JOIN meters m USING (session_id, epoch)
       WHERE u.session_id = $1 ORDER BY u.starts_at, u.epoch`,
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
    const { rateId, gpuType, region = null, currency, nanoPerGpuHour, effectiveFromMs, recordedAtMs } = rate;
    const times = { effectiveFrom: new Date(effectiveFromMs), recordedAt: new Date(recordedAtMs) };
    const data = { rateId, gpuType, region, currency, nanoPerGpuHour, ...times };
    await this.#database.rows((prisma) => prisma.rate.createMany({ data: [data], skipDuplicates: true }));
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
});
