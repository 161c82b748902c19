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
  return new Proxy(sessions, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const reply: unknown = await Reflect.apply(member, target, args);
        const [session] = args as Parameters<SessionRepository['append']>;
        if (name === 'append' && reply === true) announce(session.request.sessionId);
        return reply;
      };
    },
  });
}
