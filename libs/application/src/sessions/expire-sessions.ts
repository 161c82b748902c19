import type { EndReason, Lease, RegionId, Session, SessionId, SessionStateName } from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { QueuedRequest } from '../ports/queue-record.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { SessionPolicy } from '../policy.ts';
import type { LoseLeases } from '../fleet/lose-leases.ts';
import type { StoreWatch } from '../fleet/store-watch.ts';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
import { patienceMs } from './admit-to-queue.ts';
import { AGAIN, tryAppend } from './append.ts';
import type { EndSession } from './end-session.ts';
import type { QueueView } from './queue-view.ts';

export interface ExpireSessionsPorts {
  readonly sessions: SessionRepository;
  readonly queue: QueueView;
  readonly policies: PoliciesInForce;
  readonly leases: LeaseStore;
  readonly endSession: EndSession;
  readonly loseLeases: LoseLeases;
  /** Shared with `takeLostWorkers`, which feeds it. */
  readonly watch: StoreWatch;
  readonly clock: Clock;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

export interface ExpireSessionsOutcome {
  readonly claimExpired: number;
  readonly queueExpired: number;
  /** Their lease was gone unreported: those that streamed wait for a new worker, the others were given one or ended. */
  readonly migrating: number;
  readonly workerLost: number;
}

/** Ends or moves on what nobody will call us about. Throws when the repository is away. */
export type ExpireSessions = () => Promise<ExpireSessionsOutcome>;

/** Most sessions of a kind that one run looks at. */
const MOST = 1_000;
/** Most sessions of a kind whose leases one run looks at, so that opens do not wait for a thousand rows each second. */
const MOST_LEASES = 200;

export function makeExpireSessions(ports: ExpireSessionsPorts): ExpireSessions {
  const { sessions, clock, policy } = ports;
  const missing = new Map<SessionId, number>();

  /** Ends those that are still as they were found; answers how many. */
  const endAll = async (
    found: readonly Pick<Session, 'request'>[],
    inState: SessionStateName,
    reason: EndReason,
  ): Promise<number> => {
    let ended = 0;
    for (const { request } of found) {
      const { kind } = await ports.endSession({ sessionId: request.sessionId, reason, inState });
      if (kind === 'ended') ended += 1;
    }
    return ended;
  };
  const stale = (states: readonly SessionStateName[], forMs: number, most = MOST) =>
    sessions.listStale(states, clock.nowMs() - forMs, most);

  return async () => {
    const claims = await stale(['reserved'], policy.claimTtlMs);
    // A claim in the last moment is reported with the next heartbeats.
    const lapsed = claims.filter((s) => (s.claimByMs ?? 0) + 2 * policy.workerSilentMs < clock.nowMs());
    return {
      claimExpired: await endAll(lapsed, 'reserved', 'claim_expired'),
      queueExpired: await endAll(await outOfPatience(ports), 'queued', 'queue_expired'),
      workerLost: await endAll(await beyondTheirHold(ports), 'migrating', 'worker_lost'),
      migrating: await loseLapsed(ports, missing, [
        ...(await stale(RUNNING, 2 * policy.workerSilentMs, MOST_LEASES)),
        ...(await stale(['reserved'], 2 * policy.workerSilentMs, MOST_LEASES)),
      ]),
    };
  };
}

/** Who has waited for a slot for as long as the caller, else the model, allows. */
async function outOfPatience({
  queue,
  policies,
  clock,
}: ExpireSessionsPorts): Promise<readonly QueuedRequest[]> {
  const nowMs = clock.nowMs();
  const { models, waiting } = await queue.read();
  const inForce = await Promise.all(models.map(async (model) => [model, await policies.of(model)] as const));
  const policyOf = new Map(inForce);
  return waiting.filter(({ request, createdAtMs }) => {
    const { policy } = policyOf.get(request.model) ?? { policy: policies.fallback };
    return nowMs - createdAtMs > patienceMs(request, policy);
  });
}

/** Who waits for a new worker for longer than the model's sessions are held. */
async function beyondTheirHold({
  sessions,
  policies,
  clock,
}: ExpireSessionsPorts): Promise<readonly Session[]> {
  const nowMs = clock.nowMs();
  const shortestMs = await policies.shortestHoldMs();
  const waiting = await sessions.listStale(['migrating'], nowMs - shortestMs, MOST);
  const beyond = waiting.map(async (session) => {
    const { limits } = await policies.of(session.request.model);
    return nowMs - session.updatedAtMs > limits.holdMs ? [session] : [];
  });
  return (await Promise.all(beyond)).flat();
}

const RUNNING = ['connecting', 'active', 'held'] as const;

/**
 * A running session has a lease as long as its worker reports it. One without, in a region whose store answers, has
 * lost its worker, though nobody told us: the process that was told crashed. It gets the gateway's chance to move.
 * A store that has just forgotten everything is not believed: two looks, a while apart, must both miss the lease.
 * A session that nobody has claimed yet may have lost its slot with the store, when it was not on record in time to be
 * restored: it gets another, before its client finds the slot taken.
 */
async function loseLapsed(
  ports: ExpireSessionsPorts,
  missing: Map<SessionId, number>,
  running: readonly Session[],
): Promise<number> {
  const { workerSilentMs } = ports.policy;
  const looked = new Set(running.map((session) => session.request.sessionId));
  for (const sessionId of missing.keys()) if (!looked.has(sessionId)) missing.delete(sessionId);
  const byRegion = Map.groupBy(running, (session) => session.lease?.region);
  let lost = 0;
  for (const [region, sessions] of byRegion) {
    if (region === undefined || ports.watch.healthyMs(region, ports.clock.nowMs()) < workerSilentMs) continue;
    const leases = await leasesOf(ports, region, sessions);
    if (!leases) continue;
    for (const session of sessions) {
      if (await losesLapsed(ports, missing, session, leases.get(session.request.sessionId))) lost += 1;
    }
  }
  return lost;
}

/** True: its lease was missing for long enough, and it has lost it now. */
async function losesLapsed(
  { sessions, clock, policy, loseLeases }: ExpireSessionsPorts,
  missing: Map<SessionId, number>,
  session: Session,
  live: Lease | undefined,
): Promise<boolean> {
  const { sessionId } = session.request;
  const nowMs = clock.nowMs();
  if (!session.lease || live?.epoch === session.lease.epoch) {
    missing.delete(sessionId);
    return false;
  }
  const sinceMs = missing.get(sessionId) ?? nowMs;
  missing.set(sessionId, sinceMs);
  if (nowMs - sinceMs < 2 * policy.workerSilentMs) return false;
  missing.delete(sessionId);
  const { workerId, epoch } = session.lease;
  if (session.state === 'reserved') {
    const left = await loseLeases(workerId, [{ ...session.lease, sessionId, expiresAtMs: nowMs }]);
    return left.length === 0;
  }
  const moved = await tryAppend(sessions, session, [{ type: 'lose-worker', atMs: nowMs, workerId, epoch }]);
  return moved !== AGAIN;
}

/** Undefined: the region does not answer, and nobody in it is thought lost for that. */
async function leasesOf(
  { leases, incidents }: ExpireSessionsPorts,
  region: RegionId,
  sessions: readonly Session[],
): Promise<ReadonlyMap<SessionId, Lease> | undefined> {
  try {
    return await leases.findMany(
      region,
      sessions.map(({ request }) => request.sessionId),
    );
  } catch (error) {
    incidents.note('leases not looked up', error, { region });
    return undefined;
  }
}
