// Deliveries wait in a BullMQ queue of the first region's Redis, which hands each to one replica and, when it failed, to
// one again after the wait that was judged. What is due is known on record: a queue that lost everything, or was away,
// is filled from there by the job `send-webhooks`.
import { Queue, Worker, type Job } from 'bullmq';
import type { DeliverWebhook, Delivered, DueDelivery } from '@meridian/application';
import { DELIVERY_ATTEMPTS_MAX, type WebhookDeliveryId } from '@meridian/domain';
import { bullConnection } from '@meridian/redis';
import type { Counter, Logger } from '@meridian/telemetry';

export interface WebhookQueuePorts {
  readonly redisUrl: string;
  readonly deliver: DeliverWebhook;
  readonly deliveries: Counter;
  readonly logger: Logger;
}

const QUEUE = 'webhooks';
/** Slow receivers must not keep the others waiting. */
const CONCURRENCY = 32;
const CLOSE_MS = 1_500;
/** So that a job ends, also at a webhook that gets events without end. */
const IN_A_ROW_MAX = 200;

class DeliveryFailed extends Error {
  readonly retryInMs: number;

  constructor(message: string, retryInMs: number) {
    super(message);
    this.retryInMs = retryInMs;
  }
}

export class WebhookQueue {
  readonly #ports: WebhookQueuePorts;
  #queue: Queue | undefined;
  #worker: Worker | undefined;

  constructor(ports: WebhookQueuePorts) {
    this.#ports = ports;
  }

  /** Returns at once; a Redis that is away is waited for in the background. */
  start(): void {
    const { redisUrl } = this.#ports;
    this.#queue = new Queue(QUEUE, bullConnection(redisUrl, 'producer'));
    this.#worker = new Worker(QUEUE, (job: Job<DueDelivery>) => this.#try(job.data.deliveryId), {
      ...bullConnection(redisUrl, 'worker'),
      concurrency: CONCURRENCY,
      settings: { backoffStrategy: (_attempts, _type, error) => waitOf(error) },
    });
    // The job runner says when their Redis is away.
    this.#queue.on('error', () => undefined);
    this.#worker.on('error', () => undefined);
  }

  /** What is in the queue already, waiting for its next attempt or being tried, is not added again. */
  async add(deliveries: readonly DueDelivery[]): Promise<void> {
    if (!this.#queue) throw new Error('the webhook queue has not been started');
    await this.#queue.addBulk(
      deliveries.map((due) => ({
        name: 'deliver',
        data: due,
        opts: {
          jobId: `${due.deliveryId}-${due.round}-${due.attempts}`,
          attempts: DELIVERY_ATTEMPTS_MAX,
          backoff: { type: 'custom' },
          removeOnComplete: true,
          removeOnFail: true,
        },
      })),
    );
  }

  async close(): Promise<void> {
    const closing = Promise.allSettled([this.#worker?.close(), this.#queue?.close()]);
    // A Redis that is away never answers the goodbye.
    await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
  }

  /** A webhook that answers is sent what else is due for it at once, and not only when the queue is fed again. */
  async #try(deliveryId: WebhookDeliveryId): Promise<void> {
    const { deliver, deliveries, logger } = this.#ports;
    let next: WebhookDeliveryId | undefined = deliveryId;
    for (let sent = 0; next !== undefined && sent < IN_A_ROW_MAX; sent += 1) {
      const delivered: Delivered = await deliver(next);
      if (delivered.kind === 'skipped') return;
      deliveries.inc({ outcome: delivered.kind });
      if (delivered.kind !== 'delivered') {
        logger.info({ deliveryId: next, ...delivered }, 'webhook not delivered');
        // What followed on the first is queued under its own name by the next feed.
        if (delivered.kind === 'failed' && next === deliveryId)
          throw new DeliveryFailed(delivered.error, delivered.retryInMs);
        return;
      }
      next = delivered.next;
    }
  }
}

/** An error of another kind is a store that is away: the record is asked again when the claim has lapsed. */
const waitOf = (error: unknown): number => (error instanceof DeliveryFailed ? error.retryInMs : 30_000);
