import {
  queueEtaMs,
  queuePosition,
  type CapacitySnapshot,
  type QueuePlace,
  type Session,
  type SessionId,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import { inTurn, type WaitingSession } from './in-turn.ts';

export interface ReadQueuePlacePorts {
  readonly sessions: SessionRepository;
  readonly capacity: Capacity;
  readonly clock: Clock;
}

/** Place in the queue (1 is next) and estimated wait; undefined when the session does not wait. */
export type ReadQueuePlace = (session: Session) => Promise<QueuePlace | undefined>;

const MOST_WAITING = 1_000;
const MOST_ENDED = 500;
/** How far back slot releases are counted, ms. */
const WINDOW_MS = 600_000;
/** Everyone who waits asks every second: one look at the queue answers all of them. */
const LOOK_EVERY_MS = 1_000;

interface Look {
  readonly atMs: number;
  readonly ordered: readonly WaitingSession[];
  readonly ended: readonly Session[];
}

export function makeReadQueuePlace({ sessions, capacity, clock }: ReadQueuePlacePorts): ReadQueuePlace {
  let kept: Look | undefined;
  const look = async (sessionId: SessionId): Promise<Look> => {
    const atMs = clock.nowMs();
    const knows = kept?.ordered.some((waiting) => waiting.sessionId === sessionId);
    if (kept && knows && atMs - kept.atMs < LOOK_EVERY_MS) return kept;
    const ordered = await inTurn(sessions, await sessions.listQueued(MOST_WAITING));
    kept = { atMs, ordered, ended: await sessions.listEndedSince(atMs - WINDOW_MS, MOST_ENDED) };
    return kept;
  };
  return async (session) => {
    if (session.state !== 'queued') return undefined;
    const { sessionId, model } = session.request;
    const { ordered, ended } = await look(sessionId);
    // Beyond what one look shows it is behind all of those.
    const position = queuePosition(ordered, sessionId) ?? ordered.length + 1;
    const slots = slotsFor(model, await capacity.read());
    const releases = ended.filter((s) => s.request.model === model && s.lease !== undefined).length;
    return { position, etaMs: queueEtaMs(position, { slots, releases, windowMs: WINDOW_MS }) };
  };
}

const slotsFor = (model: string, snapshot: CapacitySnapshot): number =>
  snapshot.regions
    .flatMap((region) => region.pools)
    .filter((pool) => pool.model === model)
    .flatMap((pool) => pool.workers)
    .reduce((sum, worker) => sum + (worker.health === 'ready' ? worker.slots : 0), 0);
