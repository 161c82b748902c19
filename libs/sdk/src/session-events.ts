import type { MeridianError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Reconnecting } from './play-stream.ts';
import type { DeviceRole, EndReason, QueuePlace, Session, SessionState, Usage } from './types.ts';

export interface StateChange {
  readonly state: SessionState;
  readonly previous: SessionState;
  readonly session: Session;
}

/** What the gateway or worker says of the session, in stream order with the frames. */
export interface SessionNotice {
  readonly kind:
    | 'started'
    | 'resumed'
    | 'migrating'
    | 'migrated'
    | 'ended'
    | 'ending-soon'
    | 'device-joined'
    | 'device-left'
    | 'waiting'
    | 'unknown';
  /** A sentence for a person; may be empty. */
  readonly detail: string;
  readonly epoch: number;
  /** 0 when not said. */
  readonly nextFrameNumber: number;
}

/** The session runs into a limit; said about a minute and about ten seconds ahead. */
export interface EndingSoon {
  /** `idle` goes away with any action of any device; `duration_limit` does not. */
  readonly reason: EndReason;
  readonly endsInMs: number;
  /** Client clock, Unix ms. */
  readonly endsAtMs: number;
}

/** A device of the session came or went. After a reconnect those that are there are told anew. */
export interface DeviceChange {
  /** 0 is the session's owner. */
  readonly device: number;
  readonly role: DeviceRole;
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

/** What any device of a session hears on its stream. */
export interface StreamEvents {
  frame: Frame;
  /** Every notice, before the event of its own kind. */
  notice: SessionNotice;
  started: SessionNotice;
  resumed: SessionNotice;
  migrating: SessionNotice;
  migrated: SessionNotice;
  endingSoon: EndingSoon;
  deviceJoined: DeviceChange;
  deviceLeft: DeviceChange;
  /** The stream broke and is being opened again. */
  reconnecting: Reconnecting;
}

export interface SessionEvents extends StreamEvents {
  state: StateChange;
  /** While waiting for a slot. */
  queue: QueuePlace;
  /** Each second while active, and once more when final. */
  usage: Usage;
  ended: SessionEnd;
  /** Something went wrong; the session goes on unless `ended` follows. */
  error: MeridianError;
}
