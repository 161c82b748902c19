import {
  leaseRefOf,
  nextEpoch,
  rankPools,
  roomOf,
  type CapacitySnapshot,
  type Epoch,
  type Lease,
  type PlacementContext,
  type Session,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import { unitDraw } from '../ids.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
import type { SessionPolicy } from '../policy.ts';
import { AGAIN, tryAppend } from './append.ts';
import type { WaitingSession } from './model-line.ts';
import type { QueueLook, QueueView } from './queue-view.ts';
import { leaseTtlMs } from './relocate.ts';
import { releaseUnlessHeld, releaseUnlessStored, reserveBest } from './reserve-best.ts';

export interface DispatchQueuePorts {
  readonly sessions: SessionRepository;
  readonly queue: QueueView;
  readonly leases: LeaseStore;
  readonly capacity: Capacity;
  readonly policies: PoliciesInForce;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

export interface DispatchQueueOutcome {
  /** Sessions that got a slot in this run. */
  readonly dispatched: readonly Session[];
  /** How many still wait. */
  readonly waiting: number;
}

/**
 * Gives free slots to waiting sessions, each model's in the order of its line. One that may not use what is free (its
 * latency cap, its residency, its size) is passed over and keeps its place; one that fails is left for the next run.
 * Two replicas may run it at once.
 */
export type DispatchQueue = () => Promise<DispatchQueueOutcome>;

/** So many failures one after the other are not the sessions' own: a store is away, and the next run tries again. */
const MOST_FAILURES = 3;

export const makeDispatchQueue =
  (ports: DispatchQueuePorts): DispatchQueue =>
  async () => {
    // Most of the time nobody waits: then no region is asked for its workers.
    if (hasRoom(await ports.capacity.read())) {
      const { models, waiting } = await ports.queue.read({ fresh: true });
      if (models.length === 0) return { dispatched: [], waiting: waiting.length };
    }
    const snapshot = await ports.capacity.read({ fresh: true });
    const look = await ports.queue.read({ fresh: hasRoom(snapshot) });
    const dispatched: Session[] = [];
    for (const model of look.models) {
      if (roomFor(model, snapshot) > 0) dispatched.push(...(await dispatchModel(ports, look, model)));
    }
    return { dispatched, waiting: look.waiting.length - dispatched.length };
  };

const hasRoom = ({ regions }: CapacitySnapshot): boolean =>
  regions.some(({ pools }) => pools.some((pool) => roomOf(pool).freeSlots > 0));

async function dispatchModel(
  ports: DispatchQueuePorts,
  look: QueueLook,
  model: string,
): Promise<readonly Session[]> {
  const { inLine, kept } = await look.line(model);
  const { policy, source: policySource } = await ports.policies.of(model);
  const dispatched: Session[] = [];
  let room = roomFor(model, await ports.capacity.read());
  let failures = 0;
  for (const { entry } of inLine) {
    if (room <= 0 || failures === MOST_FAILURES) break;
    try {
      const outcome = await dispatch(ports, entry, {
        ...{ policy, policySource, draw: unitDraw(ports.draw) },
        exclude: kept && kept.sessionId !== entry.sessionId ? [kept.workerId] : [],
      });
      if (outcome.kind === 'placed') {
        dispatched.push(outcome.session);
        room -= outcome.lease.width;
      }
      if (outcome.kind === 'raced') room = roomFor(model, await ports.capacity.read({ fresh: true }));
      failures = 0;
    } catch (error) {
      failures += 1;
      ports.incidents.note('session not dispatched', error, { sessionId: entry.sessionId });
    }
  }
  return dispatched;
}

type Dispatched =
  | { readonly kind: 'placed'; readonly session: Session; readonly lease: Lease }
  /** It may use nothing of what is free, or is no longer ours to move. */
  | { readonly kind: 'waits' }
  /** What looked free was not. */
  | { readonly kind: 'raced' };

async function dispatch(
  ports: DispatchQueuePorts,
  { sessionId, request, createdAtMs }: WaitingSession,
  context: Omit<PlacementContext, 'waitedMs'>,
): Promise<Dispatched> {
  const waitedMs = ports.clock.nowMs() - createdAtMs;
  const ranking = rankPools(request, await ports.capacity.read(), { ...context, waitedMs });
  if (ranking.kind !== 'ranked') return { kind: 'waits' };
  const session = await ports.sessions.find(sessionId);
  if (session?.state !== 'queued') return { kind: 'waits' };
  const epoch = nextEpoch(session.epoch as Epoch);
  const ttlMs = leaseTtlMs(ports.policy);
  const { lease, considered, why } = await reserveBest(ports, ranking, {
    ...{ sessionId, epoch, ttlMs, exclude: context.exclude ?? [] },
  });
  if (!lease) return { kind: 'raced' };
  const atMs = ports.clock.nowMs();
  const claimByMs = atMs + ports.policy.claimTtlMs;
  const command = { type: 'reserve', atMs, lease: leaseRefOf(lease), claimByMs, considered, why } as const;
  try {
    const reserved = await tryAppend(ports.sessions, session, [command]);
    if (reserved !== AGAIN) return { kind: 'placed', session: reserved, lease };
  } catch (error) {
    await releaseUnlessStored(ports, lease);
    throw error;
  }
  // It ended, or another replica dispatched it; then the lease may be its own.
  await releaseUnlessHeld(ports, lease, await ports.sessions.find(sessionId));
  return { kind: 'waits' };
}

/** Free slots of a model in all regions. */
const roomFor = (model: string, { regions }: CapacitySnapshot): number =>
  regions
    .flatMap(({ pools }) => pools)
    .reduce((sum, pool) => sum + (pool.model === model ? roomOf(pool).freeSlots : 0), 0);
