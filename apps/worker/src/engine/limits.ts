// The ends that a session comes to by itself, and what its client is told before them.
import { NoticeKind } from '@meridian/protocol';
import type { Session } from './session.ts';

export interface LimitsPorts {
  readonly sessions: () => Iterable<Session>;
  readonly end: (session: Session, reason: string, detail: string) => void;
}

const REACHED = {
  idle: 'Nothing was done for too long.',
  duration_limit: 'The session has reached its longest duration.',
  client_lost: 'The client did not come back in time.',
  budget_exhausted: 'The budget that paid for the session is used up.',
} as const;
const NEAR = {
  idle: 'The session ends soon unless something is done.',
  duration_limit: 'The session reaches its longest duration soon.',
  client_lost: '',
  budget_exhausted: 'The budget that pays for the session is nearly used up.',
} as const;

export class Limits {
  readonly #ports: LimitsPorts;

  constructor(ports: LimitsPorts) {
    this.#ports = ports;
  }

  /** Ends the sessions that have reached a limit, and tells those that are about to. */
  enforce(nowUs: number): void {
    for (const session of [...this.#ports.sessions()]) {
      const limit = session.limit();
      const { atUs, reason } = limit;
      if (atUs <= nowUs) this.#ports.end(session, reason, REACHED[reason]);
      else if (session.stream !== undefined && session.endingSoon.take(limit, nowUs)) {
        const endsInMs = Math.ceil((atUs - nowUs) / 1_000);
        session.stream.notice(
          session.notice(NoticeKind.ENDING_SOON, { endReason: reason, detail: NEAR[reason], endsInMs }),
        );
      }
    }
  }

  /** When there is something to enforce if nothing changes; Infinity for never. */
  nextUs(): number {
    return Math.min(...[...this.#ports.sessions()].map(nextOf));
  }
}

function nextOf(session: Session): number {
  const limit = session.limit();
  return session.stream === undefined ? limit.atUs : Math.min(limit.atUs, session.endingSoon.dueUs(limit));
}
