import { EventEmitter } from 'node:events';
import type { SessionRepository, SessionSignals } from '@meridian/application';
import type { SessionId } from '@meridian/domain';

/** Wakes the listeners of this process, as PostgreSQL's notifications do those of every replica. */
export class LocalSignals implements SessionSignals {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  announce(sessionId: SessionId): void {
    this.#emitter.emit(sessionId);
  }

  /** How many listen to a session now. */
  listening(sessionId: SessionId): number {
    return this.#emitter.listenerCount(sessionId);
  }

  onChange(sessionId: SessionId, wake: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#emitter.on(sessionId, wake);
    signal.addEventListener('abort', () => this.#emitter.off(sessionId, wake), { once: true });
  }
}

/** The same repository; every stored change is announced. */
export function announceSessions(
  sessions: SessionRepository,
  announce: (sessionId: SessionId) => void,
): SessionRepository {
  return {
    create: (...args) => sessions.create(...args),
    append: async (session, ...rest) => {
      const stored = await sessions.append(session, ...rest);
      if (stored) announce(session.request.sessionId);
      return stored;
    },
    find: (...args) => sessions.find(...args),
    findForTenant: (...args) => sessions.findForTenant(...args),
    findByIdempotencyKey: (...args) => sessions.findByIdempotencyKey(...args),
    list: (...args) => sessions.list(...args),
    events: (...args) => sessions.events(...args),
    listQueued: (...args) => sessions.listQueued(...args),
    listStale: (...args) => sessions.listStale(...args),
    listEndedSince: (...args) => sessions.listEndedSince(...args),
    countByState: () => sessions.countByState(),
    countOpen: (...args) => sessions.countOpen(...args),
  };
}
