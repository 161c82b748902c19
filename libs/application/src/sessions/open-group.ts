// Sessions that are opened together: in one region, all of them or none. A group never waits in the queue.
import { isDeepStrictEqual } from 'node:util';
import {
  beginSession,
  decideAll,
  leaseRefOf,
  quotaReached,
  rankRegionsForGroup,
  explainGroup,
  spokenFor,
  type CapacitySnapshot,
  type GroupId,
  type GroupRanking,
  type RegionVerdict,
  type Session,
  type SessionId,
  type SessionRequest,
  type WorkerId,
} from '@meridian/domain';
import { groupIdsFor, groupRequestHash, unitDraw } from '../ids.ts';
import type { ModelVersion } from '../ports/model-catalog.ts';
import type { CreateGroupOutcome, IdempotencyRecord, NewSession } from '../ports/session-repository.ts';
import type { Tenant } from '../ports/tenant-repository.ts';
import { modelsUnlessKnown } from './known-models.ts';
import type { OpenSessionCommand, OpenSessionPorts } from './open-session.ts';
import type { QueueLook } from './queue-view.ts';
import { leaseTtlMs } from './relocate.ts';
import { releaseUnlessHeld } from './reserve-best.ts';
import { reserveGroup, type GroupReservation } from './reserve-group.ts';

type Shared =
  'tenant' | 'model' | 'modelVersion' | 'residency' | 'maxRttMs' | 'priority' | 'idempotencyKey' | 'traceId';

/** What one session of the group asks for; the rest is asked for by all of them. */
export type GroupMemberCommand = Omit<OpenSessionCommand, Shared | 'maxWaitMs'>;

export type OpenGroupCommand = Pick<OpenSessionCommand, Shared> & {
  /** One or more, as the answer lists them. */
  readonly members: readonly GroupMemberCommand[];
};

export type OpenGroupOutcome =
  /** `sessions` in the order of the members; for a replay, whatever they are by now. */
  | {
      readonly kind: 'opened';
      readonly groupId: GroupId;
      readonly sessions: readonly Session[];
      readonly replayed: boolean;
    }
  | { readonly kind: 'unknown_model'; readonly known: readonly ModelVersion[] }
  | { readonly kind: 'no_eligible_region'; readonly considered: readonly RegionVerdict[] }
  /** No region has room for all of them now. */
  | { readonly kind: 'no_room_for_group'; readonly considered: readonly RegionVerdict[] }
  | { readonly kind: 'session_quota_exceeded'; readonly maxSessions: number }
  | { readonly kind: 'budget_exhausted' }
  | { readonly kind: 'idempotency_key_reused' };

/** Throws `StoreUnavailable` as `OpenSession` does, with the same promise: nothing is held, or only for a retry. */
export type OpenGroup = (command: OpenGroupCommand) => Promise<OpenGroupOutcome>;

/** A group that was asked for. */
interface Asked {
  readonly tenant: Tenant;
  readonly groupId: GroupId;
  readonly requests: readonly SessionRequest[];
  readonly idempotency: IdempotencyRecord | undefined;
}

export const makeOpenGroup =
  (ports: OpenSessionPorts): OpenGroup =>
  async (command) => {
    const asked = askedBy(command, ports);
    const { tenant, requests, groupId, idempotency } = asked;
    const { earlier, open } = await ports.sessions.beforeOpen(tenant.tenantId, idempotency?.key);
    if (earlier) {
      const sessions = await ports.sessions.findGroup(tenant.tenantId, groupId);
      return replayOf({ sessions, requestHash: earlier.requestHash }, asked);
    }
    const max = tenant.maxSessions;
    if (quotaReached({ open: open + requests.length - 1, max })) return quotaExceeded(tenant);
    const known = await modelsUnlessKnown(ports, command);
    if (known) return { kind: 'unknown_model', known };
    if (await ports.credit.isExhausted(tenant.tenantId, command.model, command.modelVersion))
      return { kind: 'budget_exhausted' };

    const { ranking, exclude } = await rank(ports, requests, { open, max });
    const sessionIds = requests.map(({ sessionId }) => sessionId);
    const wanted = { sessionIds, exclude, ttlMs: leaseTtlMs(ports.policy) };
    const reservation = await reserveGroup(ports, ranking, wanted);
    if (reservation) return record(ports, asked, reservation);
    const considered = explainGroup(ranking);
    return { kind: ranking.kind === 'impossible' ? 'no_eligible_region' : 'no_room_for_group', considered };
  };

function askedBy(command: OpenGroupCommand, { draw }: OpenSessionPorts): Asked {
  const { tenant, members, idempotencyKey: key, ...shared } = command;
  const { groupId, sessionIds } = groupIdsFor(tenant.tenantId, key, members.length, draw);
  const requests = members.map((member, i): SessionRequest => {
    const sessionId = sessionIds[i] as SessionId;
    return { ...shared, ...member, sessionId, tenantId: tenant.tenantId, groupId };
  });
  const idempotency = key === undefined ? undefined : { key, requestHash: groupRequestHash(requests) };
  return { tenant, groupId, requests, idempotency };
}

const replayOf = (
  earlier: { readonly sessions: readonly Session[]; readonly requestHash: string },
  { groupId, idempotency }: Asked,
): OpenGroupOutcome =>
  earlier.requestHash === idempotency?.requestHash
    ? { kind: 'opened', groupId, sessions: earlier.sessions, replayed: true }
    : { kind: 'idempotency_key_reused' };

const quotaExceeded = ({ maxSessions }: Tenant): OpenGroupOutcome => ({
  kind: 'session_quota_exceeded',
  maxSessions,
});

interface Ranked {
  readonly ranking: GroupRanking;
  /** Workers that are kept for those who wait. */
  readonly exclude: readonly WorkerId[];
}

/** As for one session: over the kept snapshot, and where that has no room, over a fresh one. */
async function rank(
  ports: OpenSessionPorts,
  requests: readonly SessionRequest[],
  quota: { readonly open: number; readonly max: number },
): Promise<Ranked> {
  const [{ model } = { model: '' }] = requests;
  const { policy, source: policySource } = await ports.policies.of(model);
  const draw = unitDraw(ports.draw);
  const over = async (snapshot: CapacitySnapshot, look: QueueLook): Promise<Ranked> => {
    const waiting = look.waitingFor(model);
    const exclude = waiting.length === 0 ? [] : await look.keptFrom(model);
    const ranking = rankRegionsForGroup(requests, snapshot, {
      ...{ waitedMs: 0, policy, policySource, quota, draw, exclude },
      spokenFor: spokenFor(waiting, snapshot, ports.clock.nowMs(), { policy }),
    });
    return { ranking, exclude };
  };
  const kept = await over(await ports.capacity.read(), await ports.queue.read());
  if (kept.ranking.kind === 'ranked') return kept;
  return over(await ports.capacity.read({ fresh: true }), await ports.queue.read({ fresh: true }));
}

/** Stores the sessions with their places, or gives the places back. */
async function record(
  ports: OpenSessionPorts,
  asked: Asked,
  reservation: GroupReservation,
): Promise<OpenGroupOutcome> {
  const { tenant, groupId, requests, idempotency } = asked;
  const members = requests.map((request) => newSession(ports, request, reservation));
  const sessions = members.map(({ session }) => session);
  let created: CreateGroupOutcome;
  try {
    created = await ports.sessions.createGroup(members, idempotency, tenant.maxSessions);
  } catch (error) {
    const stored = await releaseUnlessStored(ports, asked, reservation);
    // The reply may have been lost, and not the request.
    if (stored && isDeepStrictEqual(stored, sessions))
      return { kind: 'opened', groupId, sessions, replayed: false };
    throw error;
  }
  if (created.kind === 'created') return { kind: 'opened', groupId, sessions, replayed: false };
  // Another was faster: with the same key, or with the last of the tenant's sessions.
  const earlier = created.kind === 'exists' ? created : undefined;
  await releaseAll(ports, reservation, earlier?.sessions ?? []);
  return earlier ? replayOf(earlier, asked) : quotaExceeded(tenant);
}

function newSession(
  { clock, policy }: OpenSessionPorts,
  request: SessionRequest,
  { leases, considered, whys }: GroupReservation,
): NewSession {
  const lease = leases.get(request.sessionId);
  if (!lease) throw new Error(`a group was reserved without a lease for ${request.sessionId}`);
  const atMs = clock.nowMs();
  const why = whys.get(request.sessionId);
  const claimByMs = atMs + policy.claimTtlMs;
  const reserve = { type: 'reserve', atMs, claimByMs, lease: leaseRefOf(lease), considered } as const;
  return decideAll([{ ...reserve, ...(why && { why }) }], beginSession(request, atMs));
}

/** Answers with what is on record; while nobody knows, the slots are kept for a retry, and lapse (L1). */
async function releaseUnlessStored(
  ports: OpenSessionPorts,
  { tenant, groupId }: Asked,
  reservation: GroupReservation,
): Promise<readonly Session[] | undefined> {
  try {
    const stored = await ports.sessions.findGroup(tenant.tenantId, groupId);
    await releaseAll(ports, reservation, stored);
    return stored;
  } catch (error) {
    ports.incidents.note('slots kept; nobody knows if their group was stored', error, { groupId });
    return undefined;
  }
}

/** Frees the slots but those that these sessions are recorded to hold. */
async function releaseAll(
  ports: OpenSessionPorts,
  { leases }: GroupReservation,
  sessions: readonly Session[],
): Promise<void> {
  const byId = new Map(sessions.map((session) => [session.request.sessionId, session]));
  for (const [sessionId, lease] of leases) await releaseUnlessHeld(ports, lease, byId.get(sessionId));
}
