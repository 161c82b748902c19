import type { EndReason, LeaseRef, Session, SessionId, SessionStateName } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { SessionPolicy } from '../policy.ts';
import type { StoreWatch } from '../fleet/store-watch.ts';
import { AGAIN, tryAppend } from './append.ts';
import type { EndSession } from './end-session.ts';

export interface ExpireSessionsPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly endSession: EndSession;
  /** Shared with `takeLostWorkers`, which feeds it. */
  readonly watch: StoreWatch;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

export interface ExpireSessionsOutcome {
  readonly claimExpired: number;
  readonly queueExpired: number;
  /** Their lease had lapsed unreported: they wait for a new worker now. */
  readonly migrating: number;
  readonly workerLost: number;
}

/** Ends or moves on what nobody will call us about. Throws when the repository is away. */
export type ExpireSessions = () => Promise<ExpireSessionsOutcome>;

/** Most sessions of a kind that one run looks at. */
const MOST = 1_000;

export function makeExpireSessions(ports: ExpireSessionsPorts): ExpireSessions {
  const { sessions, clock, policy } = ports;
  const missing = new Map<SessionId, number>();

  /** Ends those that are still as they were found; answers how many. */
  const endAll = async (found: readonly Session[], reason: EndReason): Promise<number> => {
    let ended = 0;
    for (const { request, state } of found) {
      const { kind } = await ports.endSession({ sessionId: request.sessionId, reason, inState: state });
      if (kind === 'ended') ended += 1;
    }
    return ended;
  };
  const stale = (states: readonly SessionStateName[], forMs: number) =>
    sessions.listStale(states, clock.nowMs() - forMs, MOST);

  return async () => {
    const claims = await stale(['reserved'], policy.claimTtlMs);
    // A claim in the last moment is reported with the next heartbeats.
    const lapsed = claims.filter((s) => (s.claimByMs ?? 0) + 2 * policy.workerSilentMs < clock.nowMs());
    return {
      claimExpired: await endAll(lapsed, 'claim_expired'),
      queueExpired: await endAll(await stale(['queued'], policy.queueTtlMs), 'queue_expired'),
      workerLost: await endAll(await stale(['migrating'], policy.holdMs), 'worker_lost'),
      migrating: await loseLapsed(ports, missing, await stale(RUNNING, 2 * policy.workerSilentMs)),
    };
  };
}

const RUNNING = ['connecting', 'active', 'held'] as const;

/**
 * A running session has a lease as long as its worker reports it. One without, in a region whose store answers, has
 * lost its worker, though nobody told us: the process that was told crashed. It gets the gateway's chance to move.
 * A store that has just forgotten everything is not believed: two looks, a while apart, must both miss the lease.
 */
async function loseLapsed(
  ports: ExpireSessionsPorts,
  missing: Map<SessionId, number>,
  running: readonly Session[],
): Promise<number> {
  const { workerSilentMs } = ports.policy;
  const looked = new Set(running.map((session) => session.request.sessionId));
  for (const sessionId of missing.keys()) if (!looked.has(sessionId)) missing.delete(sessionId);
  let lost = 0;
  for (const session of running) {
    const { sessionId } = session.request;
    const nowMs = ports.clock.nowMs();
    if (!session.lease || ports.watch.healthyMs(session.lease.region, nowMs) < workerSilentMs) continue;
    if (await hasLease(ports, session.lease, sessionId)) {
      missing.delete(sessionId);
    } else if (!missing.has(sessionId)) {
      missing.set(sessionId, nowMs);
    } else if (nowMs - (missing.get(sessionId) ?? nowMs) >= 2 * workerSilentMs) {
      missing.delete(sessionId);
      const { workerId, epoch } = session.lease;
      const moved = await tryAppend(ports.sessions, session, [
        { type: 'lose-worker', atMs: nowMs, workerId, epoch },
      ]);
      if (moved !== AGAIN) lost += 1;
    }
  }
  return lost;
}

async function hasLease(
  { leases, incidents }: ExpireSessionsPorts,
  { region, epoch }: LeaseRef,
  sessionId: SessionId,
): Promise<boolean> {
  try {
    return (await leases.find(region, sessionId))?.epoch === epoch;
  } catch (error) {
    incidents.note('lease not looked up', error, { region, sessionId });
    return true;
  }
}
