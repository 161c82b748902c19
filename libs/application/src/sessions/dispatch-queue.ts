import { leaseRefOf, nextEpoch, rankPools, type Epoch, type Session } from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { SessionPolicy } from '../policy.ts';
import { AGAIN, tryAppend } from './append.ts';
import { inTurn } from './in-turn.ts';
import { leaseTtlMs } from './relocate.ts';
import { releaseUnlessHeld, releaseUnlessStored, reserveBest } from './reserve-best.ts';

export interface DispatchQueuePorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

export interface DispatchQueueOutcome {
  /** Sessions that got a slot in this run. */
  readonly dispatched: readonly Session[];
  /** How many still wait. */
  readonly waiting: number;
}

/** Gives free slots to waiting sessions, fair across tenants. Two replicas may run it at once. */
export type DispatchQueue = () => Promise<DispatchQueueOutcome>;

/** Most waiting sessions that one run looks at. */
const MOST_WAITING = 500;

export const makeDispatchQueue =
  (ports: DispatchQueuePorts): DispatchQueue =>
  async () => {
    const queued = await ports.sessions.listQueued(MOST_WAITING);
    if (queued.length === 0) return { dispatched: [], waiting: 0 };
    const dispatched: Session[] = [];
    await ports.capacity.read({ fresh: true });
    for (const { session } of await inTurn(ports.sessions, queued)) {
      const moved = await dispatch(ports, session);
      if (moved) dispatched.push(moved);
    }
    return { dispatched, waiting: queued.length - dispatched.length };
  };

/** Undefined: it still waits, or is no longer ours to move. */
async function dispatch(ports: DispatchQueuePorts, session: Session): Promise<Session | undefined> {
  const { request, createdAtMs } = session;
  const { sessionId } = request;
  const waitedMs = ports.clock.nowMs() - createdAtMs;
  const ranking = rankPools(request, await ports.capacity.read(), { waitedMs });
  if (ranking.kind !== 'ranked') return undefined;
  const epoch = nextEpoch(session.epoch as Epoch);
  const ttlMs = leaseTtlMs(ports.policy);
  const { lease, considered } = await reserveBest(ports, ranking, { sessionId, epoch, ttlMs });
  if (!lease) return undefined;
  const atMs = ports.clock.nowMs();
  const claimByMs = atMs + ports.policy.claimTtlMs;
  const command = { type: 'reserve', atMs, lease: leaseRefOf(lease), claimByMs, considered } as const;
  try {
    const reserved = await tryAppend(ports.sessions, session, [command]);
    if (reserved !== AGAIN) return reserved;
  } catch (error) {
    await releaseUnlessStored(ports, lease);
    throw error;
  }
  // It ended, or another replica dispatched it; then the lease may be its own.
  await releaseUnlessHeld(ports, lease, await ports.sessions.find(sessionId));
  return undefined;
}
