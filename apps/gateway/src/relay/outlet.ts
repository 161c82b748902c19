import type { Envelope, PeekedFrame } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';
import { wallUs } from '../wall-clock.ts';
import type { ClientStream } from './client-stream.ts';
import type { HopTimes } from './hop-times.ts';
import { withNext, type WaitingMessage } from './waiting-messages.ts';

/** Notices are never dropped, so a client that lets so many wait is sent away. */
const NOTICES_WAITING_MAX = 64;

export interface OutletOptions {
  readonly client: ClientStream;
  readonly metrics: GatewayMetrics;
  /** Hears of every frame as it goes out. */
  readonly hops?: HopTimes;
  /** Others have looked at these frames for a while: the first one sent is a keyframe. */
  readonly fromKeyframe?: boolean;
  /** The client let too many notices wait. */
  readonly onStuck: () => void;
}

/** Frames and notices on their way to one client. Offering never waits; what a slow client cannot take is replaced. */
export class Outlet {
  readonly #options: OutletOptions;
  readonly #client: ClientStream;
  #waiting: readonly WaitingMessage[] = [];
  #drained: (() => void) | undefined;
  #wantsKeyframe: boolean;
  #sent = 0;
  #dropped = 0;
  #waitMs = 0;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#wantsKeyframe = options.fromKeyframe ?? false;
  }

  /** Frames sent, and whole frames that gave way to newer ones. */
  get framesSent(): number {
    return this.#sent;
  }

  get framesDropped(): number {
    return this.#dropped;
  }

  /** How long the newest frame waited before it was sent. */
  get waitMs(): number {
    return this.#waitMs;
  }

  offerNotice(envelope: Envelope): void {
    const receivedAtMs = performance.now();
    if (this.#waiting.length === 0 && this.#client.isIdle) return this.#write(envelope);
    if (this.#waiting.length >= NOTICES_WAITING_MAX) {
      envelope.release();
      return this.#options.onStuck();
    }
    this.#wait({ kind: 'notice', envelope, receivedAtMs, frame: undefined });
  }

  /** `receivedAtMs` is of the monotonic clock. */
  offerFrame(frame: PeekedFrame, envelope: Envelope, receivedAtMs: number): void {
    if (this.#wantsKeyframe && !frame.keyframe) return envelope.release();
    this.#wantsKeyframe = false;
    if (this.#waiting.length === 0 && this.#client.isIdle)
      return this.#sendFrame(frame, envelope, receivedAtMs);
    this.#wait({ kind: frame.keyframe ? 'keyframe' : 'frame', envelope, receivedAtMs, frame });
  }

  /** Resolves when nothing waits any more, or the client is gone, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#waiting.length === 0 || this.#client.gone.aborted) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      this.#client.gone.addEventListener('abort', () => resolve(), { once: true });
      setTimeout(resolve, timeoutMs).unref();
    });
  }

  /** Frees what waits; nothing is sent any more. */
  close(): void {
    for (const { envelope } of this.#waiting) envelope.release();
    this.#waiting = [];
  }

  #wait(message: WaitingMessage): void {
    const before = this.#waiting;
    this.#waiting = withNext(before, message);
    for (const older of before) if (!this.#waiting.includes(older)) this.#drop(older);
    this.#pump();
  }

  readonly #pump = (): void => {
    while (this.#waiting.length > 0 && this.#client.isIdle) {
      const [next, ...others] = this.#waiting;
      if (!next) return;
      this.#waiting = others;
      if (next.frame) this.#sendFrame(next.frame, next.envelope, next.receivedAtMs);
      else this.#write(next.envelope);
    }
    if (this.#waiting.length === 0) this.#drained?.();
  };

  #sendFrame(frame: PeekedFrame, envelope: Envelope, receivedAtMs: number): void {
    const { metrics, hops } = this.#options;
    const sentAtMs = performance.now();
    const sentUs = wallUs(sentAtMs);
    this.#waitMs = sentAtMs - receivedAtMs;
    this.#sent += 1;
    envelope.appendGatewaySentUs(sentUs);
    metrics.frames.inc();
    metrics.frameBytes.inc(envelope.length);
    metrics.delay.observe(this.#waitMs / 1_000);
    hops?.sent(frame, envelope, this.#waitMs, sentUs);
    this.#write(envelope);
  }

  #write(envelope: Envelope): void {
    this.#client.write(envelope, (error) => {
      if (!error) envelope.release();
      this.#pump();
    });
  }

  #drop({ envelope }: WaitingMessage): void {
    envelope.release();
    this.#dropped += 1;
    this.#options.metrics.droppedSlowClient.inc();
  }
}
