import type { PoolId } from '../ids.ts';
import type { Session } from '../session/session.ts';
import { rankPools } from './rank-pools.ts';
import type { CapacitySnapshot } from './snapshot.ts';

/**
 * Free slots that go to sessions which wait already, by pool: what a run of the queue over this snapshot would give
 * them. A newcomer takes none of these, or a busy minute would let it overtake everyone who queued.
 */
export function spokenFor(
  waiting: readonly Session[],
  snapshot: CapacitySnapshot,
  nowMs: number,
): ReadonlyMap<PoolId, number> {
  const spoken = new Map<PoolId, number>();
  for (const { request, createdAtMs } of waiting) {
    const [best] = rankPools(request, snapshot, {
      waitedMs: nowMs - createdAtMs,
      spokenFor: spoken,
    }).candidates;
    if (best) spoken.set(best.pool, (spoken.get(best.pool) ?? 0) + 1);
  }
  return spoken;
}
