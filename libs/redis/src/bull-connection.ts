/** Connection settings for BullMQ queues and workers on one region's Redis, to be spread into their options. */
export interface BullConnection {
  readonly connection: { readonly url: string; readonly maxRetriesPerRequest: number | null };
  /** Hash-tagged, so that a queue's keys share one slot of a Redis Cluster. */
  readonly prefix: string;
}

/**
 * `worker`: waits for its Redis for ever, as a BullMQ worker must (its blocking reads span reconnects).
 * `producer`: a call fails after one retry instead of hanging while Redis is away.
 */
export const bullConnection = (
  url: string,
  role: 'worker' | 'producer',
  prefix = '{meridian-jobs}',
): BullConnection => ({
  connection: { url, maxRetriesPerRequest: role === 'worker' ? null : 1 },
  prefix,
});
