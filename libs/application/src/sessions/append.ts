// Load, decide, save. Somebody else may save in between: then load and decide again, for a bounded number of times.
import {
  decideAll,
  type MeterReading,
  type Session,
  type SessionCommand,
  type SessionId,
} from '@meridian/domain';
import type { SessionRepository } from '../ports/session-repository.ts';

/** Someone was faster: look again. */
export const AGAIN = Symbol('again');

const MOST_ROUNDS = 10;

/** Loads the session and tries until `attempt` has an answer; undefined when there is no such session. */
export async function untilSettled<T>(
  sessionId: SessionId,
  find: () => Promise<Session | undefined>,
  attempt: (session: Session) => Promise<T | typeof AGAIN>,
): Promise<T | undefined> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const session = await find();
    if (!session) return undefined;
    const answer = await attempt(session);
    if (answer !== AGAIN) return answer;
  }
  throw new Error(`session ${sessionId} changed under ${MOST_ROUNDS} attempts`);
}

/** The session after these commands, stored; as it is when they cause nothing. */
export async function tryAppend(
  sessions: SessionRepository,
  session: Session,
  commands: readonly SessionCommand[],
  finalReading?: MeterReading,
): Promise<Session | typeof AGAIN> {
  const { session: next, events } = decideAll(commands, session);
  if (events.length === 0) return session;
  return (await sessions.append(next, events, session.eventCount, finalReading)) ? next : AGAIN;
}
