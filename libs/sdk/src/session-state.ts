import type { Session, SessionState } from './types.ts';

/** What this client itself knows of its stream; it is newer than what the event feed says. */
export type StreamPhase = 'none' | 'attached' | 'migrating' | 'lost';

/** The state to show: an end is final, then the stream's word, then the control plane's. */
export function sessionState(session: Session, phase: StreamPhase, ended: boolean): SessionState {
  if (ended) return 'ended';
  if (phase === 'attached') return 'active';
  if (phase === 'migrating') return 'migrating';
  if (phase === 'lost') return 'held';
  // A replayed feed may say that a session was once active; without a stream this client cannot be.
  return session.state === 'ended' ? 'connecting' : session.state;
}

/** The newer of two snapshots; the feed replays old ones after a reconnect. */
export function newerSession(known: Session, heard: Session): Session {
  if (heard.epoch < known.epoch || heard.updatedAt < known.updatedAt) return known;
  return heard;
}
