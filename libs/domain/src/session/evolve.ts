// Folding is total and never refuses: an event is what happened. Whether it may happen is `decide`'s business.
import { unreachable } from '../brand.ts';
import {
  leaseRefOf,
  type PlacementWhy,
  type Session,
  type SessionEvent,
  type SessionRequest,
  type StoredLeaseRef,
} from './session.ts';

/** A session before its first event. */
export const beginSession = (request: SessionRequest, atMs: number): Session => ({
  request,
  state: 'queued',
  createdAtMs: atMs,
  updatedAtMs: atMs,
  eventCount: 0,
  epoch: 0,
  considered: [],
});

/** Folds one event into the session. */
export function evolve(session: Session, event: SessionEvent): Session {
  const next = { ...session, eventCount: session.eventCount + 1, updatedAtMs: event.atMs };
  switch (event.type) {
    case 'queued':
      return { ...next, state: 'queued', considered: event.reasons, ...toldWaitOf(event) };
    case 'reserved':
      return {
        ...placedAt(next, event.lease),
        state: 'reserved',
        claimByMs: event.claimByMs,
        considered: event.considered,
        ...whyOf(event),
      };
    case 'connecting':
      return { ...withoutClaim(next), state: 'connecting' };
    case 'active':
      return { ...withoutClaim(next), state: 'active', firstActiveAtMs: next.firstActiveAtMs ?? event.atMs };
    case 'held':
      return { ...withoutClaim(next), state: 'held' };
    case 'migrating':
      return { ...withoutClaim(next), state: 'migrating' };
    case 'migrated':
      // It stays `migrating` until the new worker shows it active: a place is not yet a picture.
      return {
        ...placedAt(next, event.lease),
        state: 'migrating',
        considered: event.considered,
        ...whyOf(event),
      };
    case 'ended':
      return {
        ...withoutClaim(next),
        state: 'ended',
        endedAtMs: event.atMs,
        endReason: event.reason,
        ...(event.detail === undefined ? {} : { endDetail: event.detail }),
      };
    default:
      return unreachable(event);
  }
}

/** Folds a whole history. */
export const evolveAll = (session: Session, events: readonly SessionEvent[]): Session =>
  events.reduce(evolve, session);

const placedAt = (session: Session, lease: StoredLeaseRef): Session => ({
  ...session,
  lease: leaseRefOf(lease),
  epoch: lease.epoch,
});

const whyOf = ({ why }: { readonly why?: PlacementWhy }): Pick<Session, 'why'> =>
  why === undefined ? {} : { why };

const toldWaitOf = ({
  etaMs,
  estimateMs = etaMs,
}: Extract<SessionEvent, { type: 'queued' }>): Pick<Session, 'toldWait'> =>
  etaMs === undefined || estimateMs === undefined ? {} : { toldWait: { etaMs, estimateMs } };

function withoutClaim(session: Session): Session {
  const { claimByMs: _claimed, ...rest } = session;
  return rest;
}
