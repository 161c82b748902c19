import type { Session, SessionState } from './types.ts';

/** What this client itself knows of its stream; it is newer than what the event feed says. */
export type StreamPhase = 'none' | 'attached' | 'migrating' | 'lost';

const OF_THE_STREAM = { attached: 'active', migrating: 'migrating', lost: 'held' } as const;

/** The state to show: an end is final, then the stream's word, then the control plane's. */
export function sessionState(session: Session, phase: StreamPhase, ended: boolean): SessionState {
  if (ended) return 'ended';
  if (phase !== 'none') return OF_THE_STREAM[phase];
  // A replayed feed may say that a session was once active; without a stream this client cannot be.
  return session.state === 'ended' ? 'connecting' : session.state;
}

export type JoinedState = Extract<SessionState, 'connecting' | 'active' | 'held' | 'migrating' | 'ended'>;

/** A paired device has only its stream to go by. */
export function joinedState(phase: StreamPhase, ended: boolean): JoinedState {
  if (ended) return 'ended';
  return phase === 'none' ? 'connecting' : OF_THE_STREAM[phase];
}

/** The newer of two snapshots; the feed replays old ones after a reconnect. */
export function newerSession(known: Session, heard: Session): Session {
  if (heard.epoch < known.epoch || heard.updatedAt < known.updatedAt) return known;
  return heard;
}
