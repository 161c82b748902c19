import { status } from '@grpc/grpc-js';
import { StatusError, peekRequest, type RequestKind, type WorkerStream } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';

/** What a client asks for on its way to whichever worker serves the session now. */
export class Uplink {
  readonly #metrics: GatewayMetrics;
  readonly #newest = new Map<RequestKind, Buffer>();
  #worker: WorkerStream | undefined;

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
  }

  /** Sends the client's requests on until it has no more. Throws `StatusError` for a message that is none of a client's. */
  async carry(requests: AsyncIterable<Buffer>): Promise<void> {
    for await (const request of requests) {
      const kind = peekRequest(request);
      if (!kind) {
        const message = 'This message is not a PlayRequest with an action or a format.';
        throw new StatusError(status.INVALID_ARGUMENT, message, 'malformed_message');
      }
      this.#newest.set(kind, request);
      if (kind === 'action') this.#metrics.actions.inc();
      await this.#worker?.write(request);
    }
  }

  /**
   * An action and a format hold until the next one, so a worker that takes over is told the newest of each: its
   * checkpoint may be older than they are.
   */
  attach(worker: WorkerStream): void {
    this.#worker = worker;
    for (const request of this.#newest.values()) void worker.write(request);
  }

  /** Between workers only the newest of each kind is kept. */
  detach(): void {
    this.#worker = undefined;
  }
}
