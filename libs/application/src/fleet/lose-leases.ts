import {
  leaseRefOf,
  type Lease,
  type LeaseRef,
  type Session,
  type SessionCommand,
  type WorkerId,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable, type LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { SessionPolicy } from '../policy.ts';
import { AGAIN, tryAppend, untilSettled } from '../sessions/append.ts';
import { relocate } from '../sessions/relocate.ts';
import { releaseQuietly, releaseUnlessHeld } from '../sessions/reserve-best.ts';

export interface LoseLeasesPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

/**
 * Tells the sessions of a lost worker: those that streamed wait for the gateway's re-placement (`migrating`), those
 * that nobody had claimed yet get another slot at once. Answers with the leases that could not be dealt with.
 */
export type LoseLeases = (workerId: WorkerId, leases: readonly Lease[]) => Promise<readonly Lease[]>;

export const makeLoseLeases =
  (ports: LoseLeasesPorts): LoseLeases =>
  async (workerId, leases) => {
    const left: Lease[] = [];
    for (const lease of leases) {
      try {
        await loseLease(ports, workerId, lease);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        ports.incidents.note('session of a lost worker left for later', error, {
          sessionId: lease.sessionId,
        });
        left.push(lease);
      }
    }
    return left;
  };

const loseLease = (ports: LoseLeasesPorts, workerId: WorkerId, lost: Lease): Promise<unknown> =>
  untilSettled(
    lost.sessionId,
    () => ports.sessions.find(lost.sessionId),
    async (session) => {
      const { state, lease } = session;
      if (state === 'ended') return releaseQuietly(ports, lost);
      if (lease?.workerId !== workerId || lease.epoch !== lost.epoch) return undefined;
      if (state === 'reserved') return reserveAnew(ports, session, lease);
      const command = {
        type: 'lose-worker',
        atMs: ports.clock.nowMs(),
        workerId,
        epoch: lease.epoch,
      } as const;
      return tryAppend(ports.sessions, session, [command]);
    },
  );

/** Nobody has connected yet, so no gateway will ask: it gets another slot here, or ends. */
async function reserveAnew(
  ports: LoseLeasesPorts,
  session: Session,
  lost: LeaseRef,
): Promise<Session | typeof AGAIN> {
  const { sessionId } = session.request;
  const { lease, considered } = await relocate(ports, session, lost, { orLate: true });
  const atMs = ports.clock.nowMs();
  const claimByMs = atMs + ports.policy.claimTtlMs;
  const next: SessionCommand = lease
    ? { type: 'reserve', atMs, lease: leaseRefOf(lease), claimByMs, considered }
    : { type: 'end', atMs, reason: 'worker_lost', epoch: lost.epoch };
  const moved = await tryAppend(ports.sessions, session, [next]);
  if (lease && moved === AGAIN) {
    await releaseUnlessHeld(ports, lease, await ports.sessions.find(sessionId));
  }
  if (!lease && moved !== AGAIN) await releaseQuietly(ports, { ...lost, sessionId });
  return moved;
}
