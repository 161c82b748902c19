import { openMeter } from '@meridian/domain';
import type { Meter, Session, SessionEvent } from '@meridian/domain';

// `folded` and `event` travel as text within JSON: Postgres unescapes what it takes apart, and what a tenant wrote may
// hold what it cannot unescape (U+0000, lone surrogates).

/** Times travel as text, which Postgres reads to the millisecond. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();

/** Columns of `sessions`. */
export function sessionRow(session: Session) {
  const { request, state, epoch, eventCount, createdAtMs, updatedAtMs, endedAtMs } = session;
  return {
    session_id: request.sessionId,
    tenant_id: request.tenantId,
    state,
    epoch,
    event_count: eventCount,
    created_at: timestamp(createdAtMs),
    updated_at: timestamp(updatedAtMs),
    ended_at: endedAtMs === undefined ? null : timestamp(endedAtMs),
    folded: JSON.stringify(session),
    group_id: request.groupId ?? null,
    model: request.model,
    width: session.lease?.width ?? 1,
  };
}

/** Columns of `session_events`; the last event is the session's newest. */
export const eventRows = ({ request, eventCount }: Session, events: readonly SessionEvent[]) =>
  events.map((event, i) => ({
    session_id: request.sessionId,
    number: eventCount - events.length + i + 1,
    type: event.type,
    at: timestamp(event.atMs),
    event: JSON.stringify(event),
  }));

/** A meter begins with its lease, so that where its first segment starts does not depend on heartbeats. */
export const metersOpened = ({ request }: Session, events: readonly SessionEvent[]): readonly Meter[] =>
  events.flatMap((event) =>
    event.type === 'reserved' || event.type === 'migrated'
      ? [openMeter(request.tenantId, request.sessionId, event.lease, event.atMs, request.traceId)]
      : [],
  );
