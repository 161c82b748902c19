// How the owner's client keeps up, told to the worker, which may make fewer or smaller frames. Looked at with every
// frame that comes, so it needs no timer of its own: a worker that sends nothing has nothing to adapt.
import { PlayRequest } from '@meridian/protocol';
import type { Outlet } from './outlet.ts';

const EVERY_MS = 250;
const WAIT_STEP_MS = 20;

/** Cumulative since the stream to the worker was opened, as the message says. */
export class Feedback {
  readonly #outlet: Outlet;
  readonly #send: (message: Uint8Array) => void;
  readonly #sentBefore: number;
  readonly #droppedBefore: number;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #saidDropped: number;
  #saidWaitSteps = 0;

  constructor(outlet: Outlet, send: (message: Uint8Array) => void) {
    this.#outlet = outlet;
    this.#send = send;
    this.#sentBefore = outlet.framesSent;
    this.#droppedBefore = outlet.framesDropped;
    this.#saidDropped = outlet.framesDropped;
  }

  /** Says what changed, at most every `EVERY_MS`; `nowMs` is of the monotonic clock. */
  consider(nowMs: number): void {
    const { framesDropped, waitMs } = this.#outlet;
    const waitSteps = Math.floor(waitMs / WAIT_STEP_MS);
    if (framesDropped === this.#saidDropped && waitSteps === this.#saidWaitSteps) return;
    if (nowMs - this.#saidAtMs < EVERY_MS) return;
    this.#saidAtMs = nowMs;
    this.#saidDropped = framesDropped;
    this.#saidWaitSteps = waitSteps;
    this.#send(this.#message(waitSteps * WAIT_STEP_MS));
  }

  #message(waitMs: number): Uint8Array {
    const value = {
      framesSent: this.#outlet.framesSent - this.#sentBefore,
      framesDropped: this.#outlet.framesDropped - this.#droppedBefore,
      waitMs,
    };
    return PlayRequest.encode(PlayRequest.fromPartial({ message: { $case: 'feedback', value } })).finish();
  }
}
