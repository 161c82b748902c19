import type { Clock, SetAside, SetAsideQuery } from '@meridian/application';
import { SET_ASIDE_REASONS } from '@meridian/domain';
import type { SetAsideReading, SetAsideReason } from '@meridian/domain';
import type { Database, Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';
import { applyReadings } from './meters.ts';
import { setAsideFrom } from './set-aside-rows.ts';
import type { SetAsideRow } from './set-aside-rows.ts';

export class PostgresSetAside implements SetAside {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock = { nowMs: () => Date.now() }) {
    this.#database = database;
    this.#clock = clock;
  }

  async list(query: SetAsideQuery): Promise<readonly SetAsideReading[]> {
    const { rows } = await this.#database.query<SetAsideRow>(
      `SELECT * FROM set_aside_readings
       WHERE ($1::text IS NULL OR reason = $1) AND ($2::text IS NULL OR session_id = $2)
         AND ($3 OR resolved_at IS NULL)
       ORDER BY at DESC, id LIMIT $4`,
      [query.reason ?? null, query.sessionId ?? null, query.resolved ?? false, query.limit],
    );
    return rows.map(setAsideFrom);
  }

  async counts(): Promise<Readonly<Record<SetAsideReason, number>>> {
    const { rows } = await this.#database.query<{ reason: SetAsideReason; count: string }>(
      'SELECT reason, count(*) FROM set_aside_readings WHERE resolved_at IS NULL GROUP BY reason',
    );
    const counts = new Map(rows.map(({ reason, count }) => [reason, Number(count)]));
    const all = SET_ASIDE_REASONS.map((reason) => [reason, counts.get(reason) ?? 0]);
    return Object.fromEntries(all) as Record<SetAsideReason, number>;
  }

  /** What another process resolves meanwhile is left to it. What is refused anew is kept under its new reason. */
  async resolve(limit: number): Promise<number> {
    return this.#database.transaction(async (runner) => {
      const { rows } = await runner.query<SetAsideRow>(
        `SELECT s.* FROM set_aside_readings s JOIN meters m USING (session_id, epoch)
         WHERE s.resolved_at IS NULL AND s.reason IN ('unknown_session', 'unknown_epoch')
         ORDER BY s.at, s.id LIMIT $1 FOR UPDATE OF s SKIP LOCKED`,
        [limit],
      );
      if (rows.length > 0) await this.#apply(runner, rows);
      return rows.length;
    });
  }

  async #apply(runner: Runner, rows: readonly SetAsideRow[]): Promise<void> {
    const nowMs = this.#clock.nowMs();
    await applyReadings(
      runner,
      rows.map((row) => setAsideFrom(row).reading),
      nowMs,
    );
    await runner.query('UPDATE set_aside_readings SET resolved_at = $2 WHERE id = ANY ($1)', [
      rows.map(({ id }) => id),
      timestamp(nowMs),
    ]);
  }
}
