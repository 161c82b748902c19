import type { JobRecord, JobRun, JobRuns } from '@meridian/application';
import type { Database } from '../database.ts';
import { timestamp } from '../session-rows.ts';

const NOTE = `
  INSERT INTO job_runs AS j (name, last_run_at, last_ms, last_ok_at, last_error, failed)
  VALUES ($1, $2, $3, CASE WHEN $4::text IS NULL THEN $2::timestamptz END, $4, CASE WHEN $4::text IS NULL THEN 0 ELSE 1 END)
  ON CONFLICT (name) DO UPDATE
  SET last_run_at = excluded.last_run_at, last_ms = excluded.last_ms,
      last_ok_at = coalesce(excluded.last_ok_at, j.last_ok_at), last_error = excluded.last_error,
      failed = CASE WHEN excluded.failed = 0 THEN 0 ELSE j.failed + 1 END
  WHERE j.last_run_at <= excluded.last_run_at`;

interface Row {
  readonly name: string;
  readonly last_run_at: Date;
  readonly last_ms: number;
  readonly last_ok_at: Date | null;
  readonly last_error: string | null;
  readonly failed: number;
}

export class PostgresJobRuns implements JobRuns {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async note({ name, startedAtMs, tookMs, error }: JobRun): Promise<void> {
    await this.#database.query(NOTE, [name, timestamp(startedAtMs), tookMs, error ?? null]);
  }

  async list(): Promise<readonly JobRecord[]> {
    const { rows } = await this.#database.query<Row>('SELECT * FROM job_runs ORDER BY name COLLATE "C"');
    return rows.map((row) => ({
      ...{ name: row.name, lastRunAtMs: row.last_run_at.getTime(), lastMs: row.last_ms },
      ...(row.last_ok_at !== null && { lastOkAtMs: row.last_ok_at.getTime() }),
      ...(row.last_error !== null && { lastError: row.last_error }),
      failed: row.failed,
    }));
  }
}
