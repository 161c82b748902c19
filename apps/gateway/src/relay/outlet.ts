import type { Envelope } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';
import { nowUs } from '../wall-clock.ts';
import type { ClientStream } from './client-stream.ts';
import { withNext, type WaitingMessage } from './waiting-messages.ts';

/** Frames and notices on their way to one client. Offering never waits; what a slow client cannot take is replaced. */
export class Outlet {
  readonly #client: ClientStream;
  readonly #metrics: GatewayMetrics;
  #waiting: readonly WaitingMessage[] = [];
  #drained: (() => void) | undefined;

  constructor(client: ClientStream, metrics: GatewayMetrics) {
    this.#client = client;
    this.#metrics = metrics;
  }

  offer(kind: WaitingMessage['kind'], envelope: Envelope): void {
    const message = { kind, envelope, receivedAtMs: performance.now() };
    if (this.#waiting.length === 0 && this.#canSend) return this.#send(message);
    const before = this.#waiting;
    this.#waiting = withNext(before, message);
    for (const older of before) if (!this.#waiting.includes(older)) this.#drop(older);
    this.#pump();
  }

  get #canSend(): boolean {
    return this.#client.isIdle && !this.#client.gone.aborted;
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

  readonly #pump = (): void => {
    while (this.#waiting.length > 0 && this.#canSend) {
      const [next, ...others] = this.#waiting;
      if (!next) return;
      this.#waiting = others;
      this.#send(next);
    }
    if (this.#waiting.length === 0) this.#drained?.();
  };

  #send({ kind, envelope, receivedAtMs }: WaitingMessage): void {
    if (kind !== 'notice') {
      envelope.appendGatewaySentUs(nowUs());
      this.#metrics.frameRelayed(envelope.message.length, performance.now() - receivedAtMs);
    }
    this.#client.write(envelope, (error) => {
      if (!error) envelope.release();
      this.#pump();
    });
  }

  #drop({ envelope }: WaitingMessage): void {
    envelope.release();
    this.#metrics.droppedSlowClient.inc();
  }
}
