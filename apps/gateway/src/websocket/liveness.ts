// Whether a WebSocket client is still there, and how far it has come with what it was sent. TCP does not tell us what the
// peer has taken, and what our kernel takes says nothing while its buffer has room: megabytes may lie there for a client
// that has vanished, or that reads slowly. So the answer to a ping is the measure, for it comes behind all frames before it:
//   - a ping goes out every `everyMs`, and behind every `stride` of bytes when none is under way
//   - while one is unanswered, at most a stride more is sent: frames for a slow client are dropped here, where the newest
//     wins, and not queued in a kernel where each delays all later ones
//   - the stride is halved (256 to 32 kB) when an answer took long, and doubled when it came soon
//   - a client of which nothing was heard from one tick of `everyMs` to the next is gone, within two of them. Heard: an
//     answer, a message, or that a full kernel buffer takes bytes again
// So a client that reads 40 kB/s is not cut, however long its queue was, once the stride has come down to it. One whose
// line falls below 256 kB/s at once, with two long strides under way, may be cut that one time, and connects again.
import { everyOutOfStep } from '@meridian/http2';

export const STRIDE_BYTES_MAX = 256 * 1024;
const STRIDE_BYTES_MIN = 32 * 1024;
const SLOW_ANSWER_MS = 500;
const SOON_ANSWER_MS = 150;

export interface LivenessOptions {
  readonly everyMs: number;
  readonly ping: () => void;
  readonly onGone: () => void;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly stop: () => void;
  #isAsked = false;
  #askedAtMs = 0;
  #bytesSincePing = 0;
  #strideBytes = STRIDE_BYTES_MAX;
  /** Ticks since something was heard. */
  #silentTicks = 0;
  #tickedAtMs = performance.now();

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.stop = everyOutOfStep(options.everyMs, () => this.#tick());
  }

  /** The client has so little under way that another frame may be sent. */
  get hasRoom(): boolean {
    return !this.#isAsked || this.#bytesSincePing < this.#strideBytes;
  }

  /** Bytes were handed to the socket. */
  sent(bytes: number): void {
    this.#bytesSincePing += bytes;
    if (!this.#isAsked && this.#bytesSincePing >= this.#strideBytes) this.#ask();
  }

  /** A sign of life that says nothing of what was read. */
  heard(): void {
    this.#silentTicks = 0;
  }

  /** The client has read everything before the last ping. */
  answered(): void {
    this.heard();
    if (!this.#isAsked) return;
    this.#isAsked = false;
    const tookMs = performance.now() - this.#askedAtMs;
    if (tookMs > SLOW_ANSWER_MS) this.#strideBytes = Math.max(STRIDE_BYTES_MIN, this.#strideBytes / 2);
    else if (tookMs < SOON_ANSWER_MS) this.#strideBytes = Math.min(STRIDE_BYTES_MAX, this.#strideBytes * 2);
  }

  #tick(): void {
    const nowMs = performance.now();
    // After a time in which we were suspended ourselves, the client's answer is still to be read.
    const wasSuspended = nowMs - this.#tickedAtMs > LATE_FACTOR * this.#options.everyMs;
    this.#tickedAtMs = nowMs;
    if (this.#silentTicks >= SILENT_TICKS_MAX && !wasSuspended) {
      this.stop();
      return this.#options.onGone();
    }
    this.#silentTicks += 1;
    if (!this.#isAsked) this.#ask();
  }

  #ask(): void {
    this.#isAsked = true;
    this.#askedAtMs = performance.now();
    this.#bytesSincePing = 0;
    this.#options.ping();
  }
}

const SILENT_TICKS_MAX = 1;
const LATE_FACTOR = 1.5;
