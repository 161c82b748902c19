// A session, its events and what opens with them change in one statement: one round trip, together or not at all. The
// notification goes out with the commit.
import type { NewSession } from '@meridian/application';
import { eventRows, metersOpened, sessionRow } from './session-rows.ts';
import { SESSIONS_CHANNEL } from './session-signals.ts';
import { meterRow } from './metering/usage-rows.ts';

/** What CREATE and APPEND begin with: their parameters $1 to $3, see `givenRows`. */
const GIVEN = `
  given_session AS (
    SELECT session_id, tenant_id, state, epoch, event_count, created_at, updated_at, ended_at, folded::json AS folded,
           group_id, model, width
    FROM json_to_recordset($1) AS r(session_id text, tenant_id text, state text, epoch int, event_count int,
                                    created_at timestamptz, updated_at timestamptz, ended_at timestamptz, folded text,
                                    group_id text, model text, width int)
  ),
  given_event AS (
    SELECT session_id, number, type, at, event::json AS event
    FROM json_to_recordset($2) AS r(session_id text, number int, type text, at timestamptz, event text)
  ),
  given_meter AS (SELECT * FROM json_populate_recordset(NULL::meters, $3))`;

/**
 * Stores those of many openings that may be stored; one row for each of these, with its `opening`.
 * $4: what opens together, see `openingRow`; $5: their tenants.
 *
 * The tenants' rows are locked first, in order, so that their quotas are judged by one transaction at a time (triggers
 * count the sessions stored here; see the migration). The quota is judged cautiously: within the statement, openings
 * that are not stored count as well. A key that is taken keeps its opening out; nobody listens to a session that was
 * not there, so nobody is notified.
 */
export const CREATE = `
  WITH ${GIVEN},
  tenant AS MATERIALIZED (
    SELECT tenant_id, open_sessions FROM tenants WHERE tenant_id = ANY ($5) ORDER BY tenant_id FOR NO KEY UPDATE
  ),
  asked AS (
    SELECT o.*, coalesce(t.open_sessions, 0) + sum(o.size) OVER (PARTITION BY o.tenant_id ORDER BY o.opening) AS open_then
    FROM json_to_recordset($4) AS o(opening int, session_ids text[], tenant_id text, size int, max_open int, key text,
                                    request_hash text, created_at timestamptz)
    LEFT JOIN tenant t USING (tenant_id)
  ),
  allowed AS (SELECT * FROM asked WHERE max_open IS NULL OR open_then <= max_open),
  key AS (
    INSERT INTO idempotency_keys (tenant_id, key, request_hash, session_id, created_at)
    SELECT tenant_id, key, request_hash, session_ids[1], created_at FROM allowed WHERE key IS NOT NULL
    ON CONFLICT (tenant_id, key) DO NOTHING
    RETURNING session_id
  ),
  stored AS (
    SELECT opening, unnest(session_ids) AS session_id FROM allowed a
    WHERE a.key IS NULL OR EXISTS (SELECT FROM key k WHERE k.session_id = a.session_ids[1])
  ),
  session AS (INSERT INTO sessions SELECT g.* FROM given_session g JOIN stored USING (session_id)),
  event AS (INSERT INTO session_events SELECT g.* FROM given_event g JOIN stored USING (session_id)),
  meter AS (INSERT INTO meters SELECT g.* FROM given_meter g JOIN stored USING (session_id))
  SELECT DISTINCT opening FROM stored`;

/**
 * For each of $1 ({tenant_id, key}, in order): what its tenant has open, and what its key was used for. Lateral with
 * limits, so that it is a look into an index for each, whatever the planner takes the tables' sizes for.
 */
export const BEFORE_OPEN = `
  SELECT t.open_sessions, s.folded, k.request_hash
  FROM ROWS FROM (json_to_recordset($1) AS (tenant_id text, key text)) WITH ORDINALITY AS a(tenant_id, key, n)
  LEFT JOIN LATERAL (SELECT open_sessions FROM tenants WHERE tenant_id = a.tenant_id LIMIT 1) t ON true
  LEFT JOIN LATERAL (
    SELECT session_id, request_hash FROM idempotency_keys WHERE tenant_id = a.tenant_id AND key = a.key LIMIT 1
  ) k ON true
  LEFT JOIN LATERAL (SELECT folded FROM sessions WHERE session_id = k.session_id LIMIT 1) s ON true
  ORDER BY a.n`;

/** What an id or a key was used for. $1: tenant, $2: session, $3: key. */
export const EARLIER = `
  SELECT s.folded, k.request_hash
  FROM sessions s LEFT JOIN idempotency_keys k ON k.session_id = s.session_id AND k.tenant_id = s.tenant_id
  WHERE s.tenant_id = $1
    AND (s.session_id = $2 OR s.session_id = (SELECT session_id FROM idempotency_keys WHERE tenant_id = $1 AND key = $3))
  ORDER BY s.session_id = $2 DESC LIMIT 1`;

/** A session that moves on leaves its meters behind. $4: the events the session must have. One row: done; none: someone else was first. */
export const APPEND = `
  WITH ${GIVEN},
  session AS (
    UPDATE sessions s
    SET state = g.state, epoch = g.epoch, event_count = g.event_count, updated_at = g.updated_at,
        ended_at = g.ended_at, folded = g.folded, width = g.width
    FROM given_session g
    WHERE s.session_id = g.session_id AND s.tenant_id = g.tenant_id AND s.event_count = $4
    RETURNING s.session_id
  ),
  event AS (INSERT INTO session_events SELECT e.* FROM given_event e JOIN session USING (session_id)),
  meter AS (INSERT INTO meters SELECT m.* FROM given_meter m JOIN session USING (session_id)),
  left_meter AS (
    UPDATE meters m SET left_at = g.started_at FROM given_meter g JOIN session USING (session_id)
    WHERE m.session_id = g.session_id AND m.epoch < g.epoch AND m.left_at IS NULL
  )
  SELECT pg_notify('${SESSIONS_CHANNEL}', session_id) FROM session`;

/** The parameters $1 to $3 of both. */
export const givenRows = (sessions: readonly NewSession[]): string[] =>
  [
    sessions.map(({ session }) => sessionRow(session)),
    sessions.flatMap(({ session, events }) => eventRows(session, events)),
    sessions.flatMap(({ session, events }) => metersOpened(session, events)).map(meterRow),
  ].map((rows) => JSON.stringify(rows));
