// A session, its events and what opens with them change in one statement: one round trip, together or not at all. The
// notification goes out with the commit.
import type { Session, SessionEvent } from '@meridian/domain';
import { eventRows, metersOpened, sessionRow } from './session-rows.ts';
import { SESSIONS_CHANNEL } from './session-signals.ts';
import { meterRow } from './usage-rows.ts';

/** The three parameters that CREATE and APPEND begin with; see `givenRows`. */
const GIVEN = `
  given_session AS (
    SELECT session_id, tenant_id, state, epoch, event_count, created_at, updated_at, ended_at, folded::json AS folded
    FROM json_to_record($1) AS r(session_id text, tenant_id text, state text, epoch int, event_count int,
                                 created_at timestamptz, updated_at timestamptz, ended_at timestamptz, folded text)
  ),
  given_event AS (
    SELECT session_id, number, type, at, event::json AS event
    FROM json_to_recordset($2) AS r(session_id text, number int, type text, at timestamptz, event text)
  ),
  given_meter AS (SELECT * FROM json_populate_recordset(NULL::meters, $3))`;

/** $4: the idempotency key, as a list of one or none. */
export const CREATE = `
  WITH ${GIVEN},
  session AS (INSERT INTO sessions SELECT * FROM given_session),
  event AS (INSERT INTO session_events SELECT * FROM given_event),
  meter AS (INSERT INTO meters SELECT * FROM given_meter),
  key AS (INSERT INTO idempotency_keys SELECT * FROM json_populate_recordset(NULL::idempotency_keys, $4))
  SELECT pg_notify('${SESSIONS_CHANNEL}', session_id) FROM given_session`;

/** $4: the events the session must have. One row: done; none: someone else was first. */
export const APPEND = `
  WITH ${GIVEN},
  session AS (
    UPDATE sessions s
    SET state = g.state, epoch = g.epoch, event_count = g.event_count, updated_at = g.updated_at,
        ended_at = g.ended_at, folded = g.folded
    FROM given_session g
    WHERE s.session_id = g.session_id AND s.tenant_id = g.tenant_id AND s.event_count = $4
    RETURNING s.session_id
  ),
  event AS (INSERT INTO session_events SELECT e.* FROM given_event e JOIN session USING (session_id)),
  meter AS (INSERT INTO meters SELECT m.* FROM given_meter m JOIN session USING (session_id))
  SELECT pg_notify('${SESSIONS_CHANNEL}', session_id) FROM session`;

/** The parameters $1 to $3 of both. */
export const givenRows = (session: Session, events: readonly SessionEvent[]): string[] =>
  [sessionRow(session), eventRows(session, events), metersOpened(session, events).map(meterRow)].map((rows) =>
    JSON.stringify(rows),
  );
