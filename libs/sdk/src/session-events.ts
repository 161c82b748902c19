import type { MeridianError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Reconnecting } from './play-stream.ts';
import type { EndReason, QueuePlace, Session, SessionState, Usage } from './types.ts';

export interface StateChange {
  readonly state: SessionState;
  readonly previous: SessionState;
  readonly session: Session;
}

/** What the gateway or worker says of the session, in stream order with the frames. */
export interface SessionNotice {
  readonly kind: 'started' | 'resumed' | 'migrating' | 'migrated' | 'ended' | 'unknown';
  /** A sentence for a person; may be empty. */
  readonly detail: string;
  readonly epoch: number;
  /** 0 when not said. */
  readonly nextFrameNumber: number;
}

/** How a session ended. */
export interface SessionEnd {
  readonly reason: EndReason;
  readonly detail?: string;
  /** Set when this client gave the session up. */
  readonly error?: MeridianError;
  /** Absent in the event, which does not wait; in `session.ended` absent only when it could not be read. */
  readonly usage?: Usage;
}

export interface SessionEvents {
  state: StateChange;
  /** While waiting for a slot. */
  queue: QueuePlace;
  started: SessionNotice;
  frame: Frame;
  /** Every notice, before the event of its own kind. */
  notice: SessionNotice;
  migrating: SessionNotice;
  migrated: SessionNotice;
  resumed: SessionNotice;
  /** The stream broke and is being opened again. */
  reconnecting: Reconnecting;
  /** Each second while active, and once more when final. */
  usage: Usage;
  ended: SessionEnd;
  /** Something went wrong; the session goes on unless `ended` follows. */
  error: MeridianError;
}
