import type { Checkpoint, Notice } from '@meridian/protocol';
import type { Clock } from '../clock.ts';
import type { ClientStream, Closing, SteppedFrame } from '../engine/ports.ts';

/** A client that takes every frame at once and keeps what it was told. */
export class RecordingStream implements ClientStream {
  readonly frames: SteppedFrame[] = [];
  readonly sentUs: number[] = [];
  readonly notices: Notice[] = [];
  readonly checkpoints: Checkpoint[] = [];
  /** What it was told of a drain: within_ms. */
  readonly drainings: number[] = [];
  readonly slowed = false;
  closing: Closing | undefined;
  /** Time from a frame's step to its hand-over. */
  sendMs = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notice(notice: Notice): void {
    this.notices.push(notice);
  }

  frame(frame: SteppedFrame): void {
    const sentUs = this.#clock.nowUs() + this.sendMs * 1_000;
    this.frames.push(frame);
    this.sentUs.push(sentUs);
    frame.sent(sentUs);
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.checkpoints.push(checkpoint);
  }

  draining(withinMs: number): void {
    this.drainings.push(withinMs);
  }

  close(closing: Closing): void {
    this.closing = closing;
  }

  get numbers(): number[] {
    return this.frames.map((frame) => frame.number);
  }
}
