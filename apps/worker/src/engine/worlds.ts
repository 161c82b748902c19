// What the region's own processes do with the worlds of live sessions: look at one, put one back, copy one.
// L2. None of it at an epoch below the one served.
import type { Checkpoint } from '@meridian/protocol';
import { refusal, type Refusal } from '../refusal.ts';
import { refusalOfCheckpoint } from './checkpoints.ts';
import { actionInForce } from './origin.ts';
import type { SteppingModel } from './ports.ts';
import type { Session } from './session.ts';
import type { WorldCopies } from './world-copies.ts';

export interface WorldsPorts {
  readonly model: SteppingModel;
  readonly live: ReadonlyMap<string, Session>;
  readonly copies: WorldCopies;
  /** Why no new session is taken at all. */
  readonly closed: () => Refusal | undefined;
}

export type Outcome<Value> =
  { readonly kind: 'done'; readonly value: Value } | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface Fork {
  readonly sessionId: string;
  readonly epoch: number;
  readonly forkSessionId: string;
  readonly claimMs: number;
}

const FORKS_FULL = refusal(
  'RESOURCE_EXHAUSTED',
  'forks_full',
  'As many copies wait for their sessions as the worker has slots.',
);
const ALREADY_SERVED = refusal(
  'ALREADY_EXISTS',
  'already_served',
  'fork_session_id: This session is served here already.',
);

export class Worlds {
  readonly #ports: WorldsPorts;

  constructor(ports: WorldsPorts) {
    this.#ports = ports;
  }

  checkpoint(sessionId: string, epoch: number): Outcome<Checkpoint> {
    const { model, version } = this.#ports.model.description;
    return this.#with(sessionId, epoch, (session) => done(session.checkpoint(model, version)));
  }

  /** Answers the number of the session's next frame. Its own newest action number and format stay as they are. */
  restore(sessionId: string, epoch: number, checkpoint: Checkpoint): Outcome<number> {
    const { model } = this.#ports;
    return this.#with(sessionId, epoch, (session) => {
      const refused = refusalOfCheckpoint(checkpoint, model);
      if (refused !== undefined) return { kind: 'refused', refusal: refused };
      const inputs = model.description.actions;
      session.restore(
        new Uint8Array(checkpoint.state),
        actionInForce(checkpoint.action, session.action, inputs),
      );
      return done(session.frameNumber + 1);
    });
  }

  /** Answers the number of the frame that the copy stands at. */
  fork({ sessionId, epoch, forkSessionId, claimMs }: Fork): Outcome<number> {
    const { live, copies, closed } = this.#ports;
    return this.#with(sessionId, epoch, ({ state, frameNumber, action }) => {
      const refused = live.has(forkSessionId) ? ALREADY_SERVED : closed();
      if (refused !== undefined) return { kind: 'refused', refusal: refused };
      const kept = copies.put(forkSessionId, { state, frameNumber, action: action.message }, claimMs);
      return kept ? done(frameNumber) : { kind: 'refused', refusal: FORKS_FULL };
    });
  }

  #with<Value>(sessionId: string, epoch: number, use: (session: Session) => Outcome<Value>): Outcome<Value> {
    const session = this.#ports.live.get(sessionId);
    if (session === undefined) return { kind: 'refused', refusal: unknownSession(sessionId) };
    if (session.epoch > epoch) return { kind: 'refused', refusal: servedAbove(session.epoch) };
    return use(session);
  }
}

/** Of a caller that knows only a lower epoch than the one served. */
export function servedAbove(epoch: number): Refusal {
  return refusal('FAILED_PRECONDITION', 'epoch_fenced', `The session is served at epoch ${epoch}.`);
}

function unknownSession(sessionId: string): Refusal {
  return refusal('NOT_FOUND', 'unknown_session', `Session ${sessionId} is not served here.`);
}

function done<Value>(value: Value): Outcome<Value> {
  return { kind: 'done', value };
}
