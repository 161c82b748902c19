import { status } from '@grpc/grpc-js';
import { StatusError, isPlayRequest, type WorkerStream } from '@meridian/worker-client';
import type { GatewayMetrics } from '../metrics.ts';

/** Actions on their way to whichever worker serves the session now. */
export class Uplink {
  readonly #metrics: GatewayMetrics;
  #worker: WorkerStream | undefined;
  #newest: Buffer | undefined;

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
  }

  /** Sends the client's actions on until it has no more. Throws `StatusError` for a message that is no PlayRequest. */
  async carry(actions: AsyncIterable<Buffer>): Promise<void> {
    for await (const action of actions) {
      if (!isPlayRequest(action)) {
        throw new StatusError(
          status.INVALID_ARGUMENT,
          'This message is not a PlayRequest.',
          'malformed_message',
        );
      }
      this.#newest = action;
      this.#metrics.actions.inc();
      await this.#worker?.write(action);
    }
  }

  /** An action holds until the next one, so a worker that takes over is told the newest. */
  attach(worker: WorkerStream): void {
    this.#worker = worker;
    if (this.#newest) void worker.write(this.#newest);
  }

  /** Between workers only the newest action is kept. */
  detach(): void {
    this.#worker = undefined;
  }
}
