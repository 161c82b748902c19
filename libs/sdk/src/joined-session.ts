// A device that was paired with somebody's session. It has no API key: all it knows comes over its stream, and it is
// where the owner is, so that a gateway without the owner sends it on (`owner_away`) until the hold is over.
import type { ActionInput } from './action-input.ts';
import type { Clock } from './clock.ts';
import { Emitter } from './emitter.ts';
import { MeridianError } from './errors.ts';
import type { Frame } from './frame.ts';
import { isFinalForDevice } from './refusals.ts';
import type { SessionEnd, StreamEvents } from './session-events.ts';
import { SessionLink, type FramesOptions } from './session-link.ts';
import { joinedState, type JoinedState } from './session-state.ts';
import type { StatsSnapshot } from './stream-stats.ts';
import type { EndReason, PairedRole, PairingClaim } from './types.ts';
import type { SocketConstructor } from './web-socket.ts';

/** How it ended for this device. The session itself goes on after `left` and `removed`, and perhaps after `lost`. */
export interface JoinedEnd {
  readonly reason: EndReason | 'left' | 'removed' | 'lost';
  readonly detail?: string;
  readonly error?: MeridianError;
}

export interface JoinedEvents extends StreamEvents {
  state: { readonly state: JoinedState; readonly previous: JoinedState };
  ended: JoinedEnd;
  /** Something went wrong; the session goes on unless `ended` follows. */
  error: MeridianError;
}

interface JoinedPorts {
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A second device in one user's walk. Made by `Meridian.join`. */
export class JoinedSession {
  /** The session's id. */
  readonly id: string;
  readonly device: number;
  readonly role: PairedRole;
  readonly label: string | undefined;
  readonly model: string;
  /** Resolves when it is over for this device; never rejects. */
  readonly ended: Promise<JoinedEnd>;
  readonly #events: Emitter<JoinedEvents>;
  readonly #link: SessionLink;
  #state: JoinedState = 'connecting';
  #end: JoinedEnd | undefined;
  #resolveEnded: (end: JoinedEnd) => void = () => undefined;

  constructor({ WebSocket, clock, random }: JoinedPorts, claim: PairingClaim) {
    this.id = claim.sessionId;
    this.device = claim.device;
    this.role = claim.role;
    this.label = claim.label;
    this.model = claim.model;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#events = new Emitter((event, thrown) => {
      if (event !== 'error') this.#events.emit('error', MeridianError.listenerFailed(event, thrown));
    });
    this.#link = new SessionLink({
      ...{ WebSocket, clock, random, device: claim.device, openedAtMs: clock.nowMs() },
      ...{ events: this.#events, isFinal: isFinalForDevice, refresh: () => Promise.resolve(undefined) },
      onPhase: () => this.#publish(),
      onEnded: ({ reason, detail }: SessionEnd) => this.#finish({ reason, ...(detail && { detail }) }),
      onFailed: (error) => this.#giveUp(error),
    });
    void this.#link.run(claim.connection);
  }

  /** Calls `listener` on every `event`; the answer stops that. */
  on<E extends keyof JoinedEvents>(event: E, listener: (payload: JoinedEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** As `MeridianSession.frames`. */
  frames(options?: FramesOptions): AsyncIterableIterator<Frame> {
    return this.#link.frames(options);
  }

  /** As `MeridianSession.send`. Throws MeridianError `invalid_action`, and `role_forbidden` for a spectator. */
  send(action: ActionInput): number {
    if (this.role === 'spectator') {
      throw new MeridianError('role_forbidden', 'A spectator sees the walk and does not steer it.');
    }
    return this.#link.send(action);
  }

  get state(): JoinedState {
    return this.#state;
  }

  get epoch(): number {
    return this.#link.epoch;
  }

  get stats(): StatsSnapshot {
    return this.#link.stats;
  }

  /** Goes away; the session goes on without this device. */
  leave(): void {
    this.#finish({ reason: 'left' });
  }

  #giveUp(error: MeridianError): void {
    if (this.#end) return;
    this.#events.emit('error', error);
    const reason = error.code === 'device_removed' ? 'removed' : 'lost';
    this.#finish({ reason, detail: error.message, error });
  }

  #publish(): void {
    const state = joinedState(this.#link.phase, this.#end !== undefined);
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#events.emit('state', { state, previous });
  }

  #finish(end: JoinedEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#link.close();
    this.#publish();
    this.#events.emit('ended', end);
    this.#resolveEnded(end);
  }
}
