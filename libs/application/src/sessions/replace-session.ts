import {
  leaseRefOf,
  type Epoch,
  type Lease,
  type LeaseRef,
  type Session,
  type SessionCommand,
  type SessionId,
  type WorkerId,
  whyNotMovable,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { WorkerControl } from '../ports/worker-control.ts';
import type { WorkerRegistry } from '../ports/worker-registry.ts';
import type { SessionPolicy } from '../policy.ts';
import { AGAIN, tryAppend, untilSettled } from './append.ts';
import type { Connection, IssueConnection } from './issue-connection.ts';
import { relocate } from './relocate.ts';
import { releaseQuietly, releaseUnlessHeld, type Reservation } from './reserve-best.ts';

export interface ReplaceSessionPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly registry: WorkerRegistry;
  readonly workers: WorkerControl;
  readonly capacity: Capacity;
  readonly issueConnection: IssueConnection;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

export interface ReplaceSessionCommand {
  readonly sessionId: SessionId;
  readonly lostEpoch: Epoch;
  readonly lostWorkerId: WorkerId;
  /** The worker still serves the session, and drains: nothing is lost when there is no other place. */
  readonly planned: boolean;
}

export type ReplaceSessionOutcome =
  /** Asked again for the same lost epoch: the same new place. */
  | { readonly kind: 'replaced'; readonly session: Session; readonly connection: Connection }
  /** It had ended, or no slot was free and it has ended now with `worker_lost` (gRPC RESOURCE_EXHAUSTED). */
  | { readonly kind: 'ended'; readonly session: Session }
  /** Planned, and no slot is free: it goes on where it is. */
  | { readonly kind: 'no_other_worker'; readonly session: Session }
  /** Its state is too large or too slow to move: it goes on where it is (planned), or has ended with `worker_lost`. */
  | { readonly kind: 'not_movable'; readonly session: Session; readonly detail: string }
  | { readonly kind: 'not_found' };

/** Throws `StoreUnavailable` while a store is away: the session is not ended for that, the gateway asks again. */
export type ReplaceSession = (command: ReplaceSessionCommand) => Promise<ReplaceSessionOutcome>;

export const makeReplaceSession =
  (ports: ReplaceSessionPorts): ReplaceSession =>
  async ({ sessionId, lostEpoch, lostWorkerId, planned }) => {
    const outcome = await untilSettled(
      sessionId,
      () => ports.sessions.find(sessionId),
      async (session): Promise<ReplaceSessionOutcome | typeof AGAIN> => {
        if (session.state === 'ended') return { kind: 'ended', session };
        const { lease } = session;
        if (!lease || lease.epoch < lostEpoch) return { kind: 'not_found' };
        if (lease.epoch > lostEpoch) return replacedWith(ports, session);
        return lease.workerId === lostWorkerId
          ? moveAway(ports, session, lease, planned)
          : { kind: 'not_found' };
      },
    );
    return outcome ?? { kind: 'not_found' };
  };

async function moveAway(
  ports: ReplaceSessionPorts,
  session: Session,
  lost: LeaseRef,
  planned: boolean,
): Promise<ReplaceSessionOutcome | typeof AGAIN> {
  const detail = await immovableBecause(ports, session, lost);
  if (planned && detail !== undefined) return { kind: 'not_movable', session, detail };
  const [place] = await Promise.all([
    detail === undefined ? relocate(ports, session, lost, { orLate: !planned }) : undefined,
    planned ? undefined : reportLost(ports, lost),
  ]);
  const { lease } = place ?? {};
  if (place && lease) return moveTo(ports, session, lost, { ...place, lease }, planned);
  return planned ? { kind: 'no_other_worker', session } : endLost(ports, session, lost, detail);
}

/** What nobody has claimed yet has no state to move. */
async function immovableBecause(
  { capacity }: ReplaceSessionPorts,
  { state }: Session,
  { region, pool }: LeaseRef,
): Promise<string | undefined> {
  if (state === 'reserved') return undefined;
  const { regions } = await capacity.read();
  const described = regions.find((here) => here.region === region)?.pools.find((one) => one.pool === pool);
  return described && whyNotMovable(described);
}

async function moveTo(
  ports: ReplaceSessionPorts,
  session: Session,
  lost: LeaseRef,
  { lease, considered, why }: Reservation & { readonly lease: Lease },
  planned: boolean,
): Promise<ReplaceSessionOutcome | typeof AGAIN> {
  const atMs = ports.clock.nowMs();
  const from = { workerId: lost.workerId, epoch: lost.epoch, ...(planned && { reason: 'drain' as const }) };
  const claimByMs = atMs + ports.policy.claimTtlMs;
  const moves: readonly SessionCommand[] =
    session.state === 'reserved'
      ? [{ type: 'reserve', atMs, lease: leaseRefOf(lease), claimByMs, considered, why }]
      : [
          { type: 'lose-worker', atMs, ...from },
          { type: 'migrate', atMs, lease: leaseRefOf(lease), considered, why },
        ];
  const moved = await tryAppend(ports.sessions, session, moves);
  if (moved !== AGAIN) return replacedWith(ports, moved);
  await releaseUnlessHeld(ports, lease, await ports.sessions.find(session.request.sessionId));
  return AGAIN;
}

async function endLost(
  ports: ReplaceSessionPorts,
  session: Session,
  lost: LeaseRef,
  detail: string | undefined,
): Promise<ReplaceSessionOutcome | typeof AGAIN> {
  const why = detail === undefined ? {} : { detail };
  const end = { type: 'end', atMs: ports.clock.nowMs(), reason: 'worker_lost', epoch: lost.epoch } as const;
  const ended = await tryAppend(ports.sessions, session, [{ ...end, ...why }]);
  if (ended === AGAIN) return AGAIN;
  await releaseQuietly(ports, { ...lost, sessionId: session.request.sessionId });
  return detail === undefined
    ? { kind: 'ended', session: ended }
    : { kind: 'not_movable', session: ended, detail };
}

async function replacedWith(ports: ReplaceSessionPorts, session: Session): Promise<ReplaceSessionOutcome> {
  const connection = await ports.issueConnection(session);
  return connection ? { kind: 'replaced', session, connection } : { kind: 'not_found' };
}

/** A gateway may only have lost its own way to the worker: its slots stay on offer while it answers us. */
async function reportLost(ports: ReplaceSessionPorts, lost: LeaseRef): Promise<void> {
  try {
    if (await ports.workers.answers(lost.workerAddress)) return;
    await ports.registry.markLost(lost.region, lost.workerId);
  } catch (error) {
    ports.incidents.note('lost worker not marked', error, { workerId: lost.workerId });
  }
}
