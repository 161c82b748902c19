// M1. An ended session is reported until its end is acknowledged.
import type { SessionReport } from '@meridian/protocol/worker';
import type { Session } from './session.ts';

export class EndedSessions {
  #sessions: readonly Session[] = [];

  add(session: Session): void {
    this.#sessions = [...this.#sessions, session];
  }

  /** The newest epoch of it. */
  find(sessionId: string): Session | undefined {
    return this.#sessions.findLast(({ id }) => id === sessionId);
  }

  oldest(count: number): readonly Session[] {
    return this.#sessions.slice(0, count);
  }

  /** The ends among these reports are recorded durably where it matters: forget the sessions. */
  acknowledge(sessionIds: readonly string[], reported: readonly SessionReport[]): void {
    const acknowledged = new Set(sessionIds);
    const keys = new Set(
      reported
        .filter(({ sessionId }) => acknowledged.has(sessionId))
        .map(({ sessionId, epoch }) => keyOf(sessionId, epoch)),
    );
    this.#sessions = this.#sessions.filter(({ id, epoch }) => !keys.has(keyOf(id, epoch)));
  }
}

function keyOf(sessionId: string, epoch: number): string {
  return `${sessionId} ${epoch}`;
}
