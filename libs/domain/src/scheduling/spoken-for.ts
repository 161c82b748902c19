import type { PoolId } from '../ids.ts';
import type { Session } from '../session/session.ts';
import type { PlacementContext } from './placement.ts';
import { rankPools } from './rank-pools.ts';
import type { CapacitySnapshot } from './snapshot.ts';

/**
 * Free slots that go to sessions which wait already, by pool: what a run of the queue over this snapshot would give
 * them. A newcomer takes none of these, or a busy minute would let it overtake everyone who queued.
 * @param waiting in the order in which they get slots
 */
export function spokenFor(
  waiting: readonly Pick<Session, 'request' | 'createdAtMs'>[],
  snapshot: CapacitySnapshot,
  nowMs: number,
  policy: Pick<PlacementContext, 'policy'> = {},
): ReadonlyMap<PoolId, number> {
  const spoken = new Map<PoolId, number>();
  for (const { request, createdAtMs } of waiting) {
    const context = { ...policy, waitedMs: nowMs - createdAtMs, spokenFor: spoken };
    const [best] = rankPools(request, snapshot, context).candidates;
    if (best) spoken.set(best.pool, (spoken.get(best.pool) ?? 0) + best.width);
  }
  return spoken;
}
