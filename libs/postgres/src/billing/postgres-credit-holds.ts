// A tenant's credit is given away under a lock of its own, one grant at a time. What was given and what was used are held
// against each other by the hours that are added up: usage of an hour that waits to be added up still counts as given, so
// that none is missed in between, and at worst some is counted in both for a moment.
import type { CreditHolds, CreditRequest, CreditStanding } from '@meridian/application';
import { periodEndMs, periodStartMs, type ModelUsage } from '@meridian/domain';
import type { Database, Runner } from '../database.ts';
import { timestamp } from '../session-rows.ts';

/** Any number that no other lock has; the second key is the tenant's. */
const LOCK = 7_340_001;

/** Holds that count for nothing any more: their sessions have ended, and all they used is added up. */
const SWEEP = `
  DELETE FROM credit_holds h USING sessions s
  WHERE h.tenant_id = $1 AND s.session_id = h.session_id AND s.state = 'ended'
    AND NOT EXISTS (SELECT 1 FROM meters m WHERE m.session_id = h.session_id AND NOT m.closed)
    AND NOT EXISTS (
      SELECT 1 FROM usage_segments u
      JOIN usage_marks k ON k.tenant_id = h.tenant_id AND k.hour = date_trunc('hour', u.starts_at, 'UTC')
      WHERE u.session_id = h.session_id AND u.starts_at >= s.created_at
    )`;

/** What the month has used, and then, for each hold, what of it is not in the hours yet: as given, or once the session is over, as used. */
const COMMITTED = `
  SELECT model, model_version, sum(active_ms)::text AS active_ms, sum(started_minutes)::text AS started_minutes
  FROM usage_hours WHERE tenant_id = $1 AND hour >= $2 AND hour < $3 GROUP BY model, model_version
  UNION ALL
  SELECT model, model_version, left_ms::text, ceil(left_ms / 60000.0)::text
  FROM (
    SELECT h.model, h.model_version, greatest(0,
      CASE WHEN metered.is_open THEN metered.before_ms + greatest(h.granted_ms, metered.newest_ms)
           ELSE metered.before_ms + metered.newest_ms END - added_up.active_ms) AS left_ms
    FROM credit_holds h LEFT JOIN sessions s USING (session_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(bool_or(NOT m.closed), true) AS is_open,
             coalesce(sum(m.last_active_ms) FILTER (WHERE m.epoch < h.epoch), 0) AS before_ms,
             coalesce(sum(m.last_active_ms) FILTER (WHERE m.epoch >= h.epoch), 0) AS newest_ms
      FROM meters m WHERE m.session_id = h.session_id
    ) metered
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(u.active_ms), 0) AS active_ms FROM usage_segments u
      WHERE u.session_id = h.session_id AND u.starts_at >= s.created_at
        AND NOT EXISTS (
          SELECT 1 FROM usage_marks k
          WHERE k.tenant_id = h.tenant_id AND k.hour = date_trunc('hour', u.starts_at, 'UTC')
        )
    ) added_up
    WHERE h.tenant_id = $1
  ) held WHERE left_ms > 0`;

interface UsedRow {
  readonly model: string;
  readonly model_version: string;
  readonly active_ms: string;
  readonly started_minutes: string;
}

export class PostgresCreditHolds implements CreditHolds {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(
    request: Pick<CreditRequest, 'tenantId' | 'period'>,
  ): Promise<Pick<CreditStanding, 'committed'>> {
    return { committed: await committedOf(this.#database, request) };
  }

  grant(request: CreditRequest, decide: (standing: CreditStanding) => number): Promise<number> {
    const { tenantId, sessionId } = request;
    return this.#database.transaction(async (runner) => {
      await runner.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK, tenantId]);
      await runner.query(SWEEP, [tenantId]);
      const { rows } = await runner.query<{ epoch: number; granted_ms: string }>(
        'SELECT epoch, granted_ms FROM credit_holds WHERE session_id = $1',
        [sessionId],
      );
      const [held] = rows;
      if (held && held.epoch > request.epoch) return 0;
      const heldMs = held?.epoch === request.epoch ? Number(held.granted_ms) : undefined;
      const grantedMs = decide({ committed: await committedOf(runner, request), heldMs });
      if (heldMs !== undefined && grantedMs <= heldMs) return heldMs;
      await keep(runner, request, grantedMs);
      return grantedMs;
    });
  }
}

async function committedOf(
  runner: Runner,
  { tenantId, period }: Pick<CreditRequest, 'tenantId' | 'period'>,
): Promise<readonly ModelUsage[]> {
  const { rows } = await runner.query<UsedRow>(COMMITTED, [
    tenantId,
    timestamp(periodStartMs(period)),
    timestamp(periodEndMs(period)),
  ]);
  return rows.map((row) => ({
    model: row.model,
    modelVersion: row.model_version,
    activeMs: Number(row.active_ms),
    startedMinutes: Number(row.started_minutes),
  }));
}

/** A hold of an older epoch has done its part: what was used at it is in its meter. */
async function keep(
  runner: Runner,
  { tenantId, sessionId, epoch, model, modelVersion }: CreditRequest,
  grantedMs: number,
): Promise<void> {
  await runner.query(
    `INSERT INTO credit_holds (session_id, tenant_id, epoch, model, model_version, granted_ms)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (session_id) DO UPDATE
     SET epoch = excluded.epoch, model = excluded.model, model_version = excluded.model_version,
         granted_ms = excluded.granted_ms`,
    [sessionId, tenantId, epoch, model, modelVersion, grantedMs],
  );
}
