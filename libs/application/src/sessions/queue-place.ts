import type { QueuePlace, Session } from '@meridian/domain';
import type { QueueView } from './queue-view.ts';

/** Place in the queue (1 is next) and estimated wait; undefined when the session does not wait. */
export type ReadQueuePlace = (session: Session) => Promise<QueuePlace | undefined>;

export const makeReadQueuePlace =
  ({ queue }: { readonly queue: QueueView }): ReadQueuePlace =>
  async ({ state, createdAtMs, request: { sessionId, model } }) => {
    if (state !== 'queued') return undefined;
    const kept = await queue.read();
    const known = (await kept.line(model)).standingOf(sessionId);
    if (known) return queue.told(model, known);
    // Another replica let it in since, or it is leaving the queue at this moment.
    const line = await (await queue.read({ fresh: kept.atMs <= createdAtMs })).line(model);
    const standing = line.standingOf(sessionId);
    return standing && queue.told(model, standing);
  };
