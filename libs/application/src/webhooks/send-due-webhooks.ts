import type { Clock } from '../ports/clock.ts';
import type { DueDelivery, Webhooks } from '../ports/webhooks.ts';

export interface SendDuePorts {
  readonly webhooks: Webhooks;
  readonly clock: Clock;
  /** Hands deliveries to the queue; what it holds already is not added again. Throws while the queue is away. */
  readonly enqueue: (deliveries: readonly DueDelivery[]) => Promise<void>;
  /** Tries one here and now. */
  readonly deliver: (deliveryId: DueDelivery['deliveryId']) => Promise<unknown>;
}

/** How many deliveries were due. */
export type SendDueWebhooks = () => Promise<number>;

const BATCH = 200;
/** Without the queue a run tries so many, one after the other, so that it ends. */
const WITHOUT_QUEUE = 20;

/**
 * Deliveries are due on record first: what the queue has lost, or never got, is handed to it again. While the queue is
 * away they are tried here; the claim keeps two replicas from trying the same.
 */
export const makeSendDueWebhooks =
  ({ webhooks, clock, enqueue, deliver }: SendDuePorts): SendDueWebhooks =>
  async () => {
    const due = await webhooks.due(clock.nowMs(), BATCH);
    if (due.length === 0) return 0;
    try {
      await enqueue(due);
    } catch {
      for (const { deliveryId } of due.slice(0, WITHOUT_QUEUE)) await deliver(deliveryId);
    }
    return due.length;
  };
