import {
  leaseRefOf,
  type Epoch,
  type LeaseRef,
  type Session,
  type SessionCommand,
  type SessionId,
  type WorkerId,
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
import { releaseQuietly, releaseUnlessHeld } from './reserve-best.ts';

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
}

export type ReplaceSessionOutcome =
  /** Asked again for the same lost epoch: the same new place. */
  | { readonly kind: 'replaced'; readonly session: Session; readonly connection: Connection }
  /** It had ended, or no slot was free and it has ended now with `worker_lost` (gRPC RESOURCE_EXHAUSTED). */
  | { readonly kind: 'ended'; readonly session: Session }
  | { readonly kind: 'not_found' };

/** Throws `StoreUnavailable` while a store is away: the session is not ended for that, the gateway asks again. */
export type ReplaceSession = (command: ReplaceSessionCommand) => Promise<ReplaceSessionOutcome>;

export const makeReplaceSession =
  (ports: ReplaceSessionPorts): ReplaceSession =>
  async ({ sessionId, lostEpoch, lostWorkerId }) => {
    const outcome = await untilSettled(
      sessionId,
      () => ports.sessions.find(sessionId),
      async (session): Promise<ReplaceSessionOutcome | typeof AGAIN> => {
        if (session.state === 'ended') return { kind: 'ended', session };
        const { lease } = session;
        if (!lease || lease.epoch < lostEpoch) return { kind: 'not_found' };
        if (lease.epoch > lostEpoch) return replacedWith(ports, session);
        return lease.workerId === lostWorkerId ? moveAway(ports, session, lease) : { kind: 'not_found' };
      },
    );
    return outcome ?? { kind: 'not_found' };
  };

async function moveAway(
  ports: ReplaceSessionPorts,
  session: Session,
  lost: LeaseRef,
): Promise<ReplaceSessionOutcome | typeof AGAIN> {
  const [{ lease, considered, why }] = await Promise.all([
    relocate(ports, session, lost),
    reportLost(ports, lost),
  ]);
  const atMs = ports.clock.nowMs();
  const lose = { type: 'lose-worker', atMs, workerId: lost.workerId, epoch: lost.epoch } as const;
  if (!lease) {
    const end = { type: 'end', atMs, reason: 'worker_lost', epoch: lost.epoch } as const;
    const ended = await tryAppend(ports.sessions, session, [end]);
    if (ended === AGAIN) return AGAIN;
    await releaseQuietly(ports, { ...lost, sessionId: session.request.sessionId });
    return { kind: 'ended', session: ended };
  }
  const claimByMs = atMs + ports.policy.claimTtlMs;
  const moves: readonly SessionCommand[] =
    session.state === 'reserved'
      ? [{ type: 'reserve', atMs, lease: leaseRefOf(lease), claimByMs, considered, why }]
      : [lose, { type: 'migrate', atMs, lease: leaseRefOf(lease), considered, why }];
  const moved = await tryAppend(ports.sessions, session, moves);
  if (moved !== AGAIN) return replacedWith(ports, moved);
  await releaseUnlessHeld(ports, lease, await ports.sessions.find(session.request.sessionId));
  return AGAIN;
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
