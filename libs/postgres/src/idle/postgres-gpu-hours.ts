import type {
  ConservationCheck,
  ConservationSummary,
  GpuHourQuery,
  GpuHourRow,
  GpuHours,
  WorkerStateRow,
} from '@meridian/application';
import { bucketsOf } from '@meridian/domain';
import type { ConservationBreach, GpuHour } from '@meridian/domain';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { checkHour, readChecks } from './conservation.ts';
import { breachFrom, COLUMN_OF, gpuHourFrom, gpuHourRowFrom, SUMMED } from './gpu-hour-rows.ts';
import type { BreachRow, GroupedGpuHours, StoredGpuHour } from './gpu-hour-rows.ts';
import { recompute } from './recompute.ts';
import { noteFailedStarts, recordStates } from './worker-states.ts';

const SUMS = SUMMED.map((column) => `sum(${column}) AS ${column}`).join(', ');

export class PostgresGpuHours implements GpuHours {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  recordStates(rows: readonly WorkerStateRow[]): Promise<void> {
    return recordStates(this.#database, rows);
  }

  noteFailedStarts(silentSinceMs: number): Promise<number> {
    return noteFailedStarts(this.#database, silentSinceMs);
  }

  recompute(limit: number): Promise<number> {
    return this.#database.transaction((runner) => recompute(runner, limit));
  }

  async hour(hourMs: number): Promise<readonly GpuHour[]> {
    const { rows } = await this.#database.query<StoredGpuHour>(
      'SELECT * FROM gpu_hours WHERE hour = $1 ORDER BY worker_id, incarnation, currency',
      [timestamp(hourMs)],
    );
    return rows.map(gpuHourFrom);
  }

  async read(query: GpuHourQuery): Promise<readonly GpuHourRow[]> {
    const { fromMs, toMs, region, pool, gpuType, workerId, interval, timeZone } = query;
    const buckets = bucketsOf(query, interval, timeZone);
    const columns = [...new Set(query.groupBy)].map((dimension) => COLUMN_OF[dimension]);
    const group = ['bucket', ...columns, 'currency'].join(', ');
    const wanted = [region, pool, gpuType, workerId].map((each) => each ?? null);
    const { rows } = await this.#database.query<GroupedGpuHours>(
      `SELECT width_bucket(hour, $1::timestamptz[]) AS ${group}, ${SUMS} FROM gpu_hours
       WHERE hour >= $2 AND hour < $3
         AND ($4::text IS NULL OR region = $4) AND ($5::text IS NULL OR pool = $5)
         AND ($6::text IS NULL OR gpu_type = $6) AND ($7::text IS NULL OR worker_id = $7)
       GROUP BY ${group} ORDER BY ${group}`,
      [buckets.map((bucket) => timestamp(bucket.fromMs)), timestamp(fromMs), timestamp(toMs), ...wanted],
    );
    return rows.map((row) => gpuHourRowFrom(row, buckets));
  }

  async hoursToCheck(fromMs: number, toMs: number): Promise<readonly number[]> {
    const { rows } = await this.#database.query<{ hour: Date }>(
      'SELECT hour FROM conservation_hours WHERE hour < $2 AND (stale OR hour >= $1) ORDER BY hour',
      [timestamp(fromMs), timestamp(toMs)],
    );
    return rows.map(({ hour }) => hour.getTime());
  }

  check(hourMs: number, atMs: number): Promise<ConservationCheck> {
    return this.#database.transaction((runner) => checkHour(runner, hourMs, atMs));
  }

  checks(fromMs: number, toMs: number): Promise<ConservationSummary> {
    return readChecks(this.#database, fromMs, toMs);
  }

  async breaches(fromMs: number, toMs: number): Promise<readonly ConservationBreach[]> {
    const { rows } = await this.#database.query<BreachRow>(
      `SELECT * FROM conservation_breaches WHERE hour >= $1 AND hour < $2
       ORDER BY hour DESC, worker_id, incarnation, currency`,
      [timestamp(fromMs), timestamp(toMs)],
    );
    return rows.map(breachFrom);
  }

  async lag(): Promise<{ readonly marks: number; readonly oldestMs?: number }> {
    const { rows } = await this.#database.query<{ marks: string; oldest: Date | null }>(
      'SELECT count(*) AS marks, min(at) AS oldest FROM gpu_hour_marks',
    );
    const [{ marks, oldest } = { marks: '0', oldest: null }] = rows;
    return { marks: Number(marks), ...(oldest && { oldestMs: oldest.getTime() }) };
  }
}
