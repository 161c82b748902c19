import type { AuditEntry, AuditLog, AuditNote, AuditQuery } from '@meridian/application';
import type { Database } from './database.ts';
import { timestamp } from './session-rows.ts';

/** Placements first by the index that the query can use: of one session, or of a span of time. */
const READ = `
  SELECT * FROM (
    SELECT 'n' || lpad(id::text, 19, '0') AS id, at, actor, action, session_id, tenant_id, region, detail
    FROM audit_log
    WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR session_id = $3) AND ($4::text IS NULL OR tenant_id = $4)
    UNION ALL
    SELECT e.session_id || ' ' || lpad(e.number::text, 6, '0'), e.at, 'meridian', 'session.' || e.type, e.session_id,
           s.tenant_id, e.event -> 'lease' ->> 'region', e.event
    FROM session_events e JOIN sessions s USING (session_id)
    WHERE e.type IN ('queued', 'reserved', 'migrated') AND e.at >= $1 AND e.at < $2
      AND ($3::text IS NULL OR e.session_id = $3) AND ($4::text IS NULL OR s.tenant_id = $4)
  ) entries
  ORDER BY at DESC, id COLLATE "C" DESC
  LIMIT $5`;

const NOTE = `
  INSERT INTO audit_log (at, actor, action, session_id, tenant_id, region, detail)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly session_id: string | null;
  readonly tenant_id: string | null;
  readonly region: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export class PostgresAuditLog implements AuditLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async note({ atMs, actor, action, sessionId, tenantId, region, detail }: AuditNote): Promise<void> {
    const ids = [sessionId ?? null, tenantId ?? null, region ?? null];
    await this.#database.query(NOTE, [timestamp(atMs), actor, action, ...ids, JSON.stringify(detail)]);
  }

  async read({ sinceMs, untilMs, sessionId, tenantId, limit }: AuditQuery): Promise<readonly AuditEntry[]> {
    const given = [timestamp(sinceMs), timestamp(untilMs), sessionId ?? null, tenantId ?? null, limit];
    const { rows } = await this.#database.query<Row>(READ, given);
    return rows.map(entryOf);
  }
}

function entryOf({ id, at, actor, action, session_id, tenant_id, region, detail }: Row): AuditEntry {
  const { type: _type, atMs: _atMs, ...rest } = detail;
  return {
    ...{ id, atMs: at.getTime(), actor, action, detail: rest },
    ...(session_id === null ? {} : { sessionId: session_id }),
    ...(tenant_id === null ? {} : { tenantId: tenant_id }),
    ...(region === null ? {} : { region }),
  } as AuditEntry;
}
