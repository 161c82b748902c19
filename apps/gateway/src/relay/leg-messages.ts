// What one worker says in one stream, message by message.
// L2. Only frames of the epoch we dialed with are relayed, and only with rising numbers.
import { NoticeKind } from '@meridian/protocol';
import { checkpointIn, peek, type Envelope, type Peeked, type PeekedFrame } from '@meridian/worker-client';
import type { Logger } from '@meridian/telemetry';
import type { GatewayMetrics, MoveCause } from '../metrics.ts';
import type { Feedback } from './feedback.ts';
import { nextFrameNumberIn } from './notices.ts';
import type { Remembered, SessionMemory } from './session-memory.ts';
import type { Stage } from './stage.ts';

export interface Move {
  readonly cause: MoveCause;
  /** When the last frame of the worker before was relayed, ms of the monotonic clock; undefined when there was none. */
  readonly pausedAtMs: number | undefined;
  /** The first frame of the new worker has come. */
  readonly onArrived: () => void;
}

export interface LegMessagesOptions {
  readonly session: Remembered;
  readonly stage: Stage;
  readonly memory: SessionMemory;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly clientKey: string;
  /** What the client says that it has seen; it counts when the worker has let the client in. */
  readonly nextFrame: number;
  /** The session comes from another worker: the client was told `migrating`, and is waiting to be told `migrated`. */
  readonly move: Move | undefined;
  readonly feedback: Feedback;
  /** A sign of life; a checkpoint is none, for a worker may go on making them with its model stuck. */
  readonly onAlive: () => void;
  /** The worker has let the client in. */
  readonly onLetIn: () => void;
  /** The worker asks for another place; it goes on meanwhile. */
  readonly onDraining: () => void;
}

export class LegMessages {
  readonly #options: LegMessagesOptions;
  readonly #epoch: number;
  #hadAny = false;
  #isDraining = false;
  #tellMigrated: boolean;
  #move: Move | undefined;
  #lastFrameAtMs: number | undefined;
  /** A session whose state is too large says so once, though it happens every second. */
  #hasWarned = false;

  constructor(options: LegMessagesOptions) {
    this.#options = options;
    this.#epoch = options.session.place.claims.epoch;
    this.#move = options.move;
    this.#tellMigrated = options.move !== undefined;
  }

  /** There was a message of this epoch: the worker let the client in. */
  get hadAny(): boolean {
    return this.#hadAny;
  }

  /** The client knows that it is here: a loss from now on is another one. */
  get hasArrived(): boolean {
    return this.#hadAny && !this.#tellMigrated;
  }

  /** When the last frame was relayed, ms of the monotonic clock. */
  get lastFrameAtMs(): number | undefined {
    return this.#lastFrameAtMs;
  }

  take(envelope: Envelope): void {
    const peeked = peek(envelope.message);
    if (this.#isOfOtherEpoch(peeked)) {
      this.#options.metrics.droppedFenced.inc();
      return envelope.release();
    }
    const isFirst = !this.#hadAny;
    if (isFirst) this.#letIn();
    this.#relay(peeked, envelope);
    if (isFirst) this.#options.stage.open();
  }

  /** A message was too large and passed over. */
  passedOver(bytes: number): void {
    this.#options.metrics.messagesTooLarge.inc();
    this.#warn(bytes, 'a message of the worker was too large and passed over; a checkpoint is not kept');
  }

  #letIn(): void {
    const { session, clientKey, nextFrame, onLetIn } = this.#options;
    this.#hadAny = true;
    session.clientKey ??= clientKey;
    session.nextFrame = Math.max(session.nextFrame, nextFrame);
    onLetIn();
  }

  #isOfOtherEpoch(peeked: Peeked): boolean {
    if (!('epoch' in peeked)) return false;
    return peeked.epoch !== this.#epoch && !(peeked.kind === 'notice' && peeked.epoch === 0);
  }

  #relay(peeked: Peeked, envelope: Envelope): void {
    switch (peeked.kind) {
      case 'frame':
        this.#options.onAlive();
        return this.#takeFrame(peeked, envelope);
      case 'notice':
        this.#options.onAlive();
        return this.#takeNotice(peeked.notice, envelope);
      case 'checkpoint':
        this.#keep(checkpointIn(envelope.message));
        return envelope.release();
      case 'draining':
        if (!this.#isDraining) this.#options.onDraining();
        this.#isDraining = true;
        return envelope.release();
      case 'unknown':
      case 'malformed':
        this.#options.metrics.droppedMalformed.inc();
        return envelope.release();
    }
  }

  #takeFrame(frame: PeekedFrame, envelope: Envelope): void {
    const { session, stage, feedback, metrics } = this.#options;
    if (frame.number < session.nextFrame) {
      metrics.droppedOutdated.inc();
      return envelope.release();
    }
    const nowMs = performance.now();
    if (this.#tellMigrated) this.#sayMigrated(frame.number);
    if (this.#move) this.#arrive(this.#move, nowMs);
    session.nextFrame = frame.number + 1;
    this.#lastFrameAtMs = nowMs;
    stage.showFrame(frame, envelope, nowMs);
    feedback.consider(nowMs);
  }

  #arrive({ cause, pausedAtMs, onArrived }: Move, nowMs: number): void {
    this.#move = undefined;
    if (pausedAtMs !== undefined) this.#options.metrics.paused(cause, nowMs - pausedAtMs);
    onArrived();
  }

  /** A worker greets a session it took over as started or resumed; to the client it has migrated. */
  #takeNotice(kind: NoticeKind, envelope: Envelope): void {
    const { session, stage } = this.#options;
    const isGreeting =
      kind === NoticeKind.STARTED || kind === NoticeKind.RESUMED || kind === NoticeKind.MIGRATED;
    // Another gateway may have relayed more than this one knows of.
    if (isGreeting) session.nextFrame = Math.max(session.nextFrame, nextFrameNumberIn(envelope));
    if (isGreeting && this.#tellMigrated) {
      this.#sayMigrated(session.nextFrame);
      return envelope.release();
    }
    if (kind === NoticeKind.ENDED) session.isOver = true;
    stage.showNotice(envelope);
  }

  #sayMigrated(nextFrame: number): void {
    this.#tellMigrated = false;
    this.#options.stage.showMigrated({ epoch: this.#epoch, nextFrame });
  }

  #keep(checkpoint: Buffer | undefined): void {
    const { memory, session, metrics } = this.#options;
    if (!checkpoint || memory.keep(session, checkpoint)) return;
    metrics.checkpointsNotKept.inc();
    this.#warn(checkpoint.length, 'no memory for a checkpoint; another worker would start from an older one');
  }

  #warn(bytes: number, what: string): void {
    if (!this.#hasWarned) this.#options.logger.warn({ bytes }, what);
    this.#hasWarned = true;
  }
}
