import type { HeldSlots, PlacedWait, QueuedRequest, QueueRecord, SlotRelease } from '@meridian/application';
import type { RegionId, Session, SessionEvent, SessionId, TenantId } from '@meridian/domain';
import type { Database } from './database.ts';
import { timestamp } from './session-rows.ts';

// The whole of `folded` is read and taken apart here: what a tenant wrote may hold what Postgres cannot unescape
// (U+0000, lone surrogates), and then one session would stop the queue.
const WAITING = `
  SELECT s.folded, t.weight
  FROM sessions s JOIN tenants t USING (tenant_id)
  WHERE s.state = 'queued'
  ORDER BY s.created_at
  LIMIT $1`;

/** From the index alone. */
const HELD = `
  SELECT tenant_id, sum(width)::int AS slots, min(created_at) AS since
  FROM sessions
  WHERE model = $1 AND state IN ('reserved', 'connecting', 'active', 'held', 'migrating')
  GROUP BY tenant_id`;

/** A session has a meter of its last epoch if it ever held a slot. */
const RELEASES = `
  SELECT m.region, s.width, s.created_at, s.ended_at
  FROM sessions s JOIN meters m ON m.session_id = s.session_id AND m.epoch = s.epoch
  WHERE s.model = $1 AND s.ended_at >= $2
  ORDER BY s.ended_at DESC
  LIMIT $3`;

/** Queued with the first event, placed with the second. */
const PLACED = `
  SELECT s.model, q.event AS queued, r.at AS placed_at
  FROM session_events q
  JOIN session_events r ON r.session_id = q.session_id AND r.number = 2 AND r.type = 'reserved'
  JOIN sessions s ON s.session_id = q.session_id
  WHERE q.session_id = ANY($1) AND q.number = 1 AND q.type = 'queued'`;

interface PlacedRow {
  readonly model: string;
  readonly queued: Extract<SessionEvent, { type: 'queued' }>;
  readonly placed_at: Date;
}

interface WaitingRow {
  readonly folded: Session;
  readonly weight: number;
}

interface HeldRow {
  readonly tenant_id: TenantId;
  readonly slots: number;
  readonly since: Date;
}

interface ReleaseRow {
  readonly region: RegionId;
  readonly width: number;
  readonly created_at: Date;
  readonly ended_at: Date;
}

export class PostgresQueueRecord implements QueueRecord {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async waiting(limit: number): Promise<readonly QueuedRequest[]> {
    const { rows } = await this.#database.prepared<WaitingRow>('queue-waiting', WAITING, [limit]);
    return rows.map(({ folded: { request, createdAtMs, toldWait }, weight }) => ({
      ...{ request, createdAtMs, weight },
      ...(toldWait === undefined ? {} : { toldWait }),
    }));
  }

  async held(model: string): Promise<readonly HeldSlots[]> {
    const { rows } = await this.#database.prepared<HeldRow>('queue-held', HELD, [model]);
    return rows.map(({ tenant_id: tenantId, slots, since }) => ({
      ...{ tenantId, slots, sinceMs: since.getTime() },
    }));
  }

  async releases(model: string, sinceMs: number, limit: number): Promise<readonly SlotRelease[]> {
    const given = [model, timestamp(sinceMs), limit];
    const { rows } = await this.#database.prepared<ReleaseRow>('queue-releases', RELEASES, given);
    return rows.map(({ region, width: slots, created_at, ended_at }) => ({
      ...{ region, slots, openedAtMs: created_at.getTime(), atMs: ended_at.getTime() },
    }));
  }

  async placed(sessionIds: readonly SessionId[]): Promise<readonly PlacedWait[]> {
    const { rows } = await this.#database.prepared<PlacedRow>('queue-placed', PLACED, [sessionIds]);
    return rows.flatMap(({ model, queued: { atMs, etaMs, estimateMs }, placed_at }) =>
      etaMs === undefined || estimateMs === undefined
        ? []
        : [{ model, waitedMs: placed_at.getTime() - atMs, toldWait: { etaMs, estimateMs } }],
    );
  }
}
