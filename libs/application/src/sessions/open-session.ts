import { isDeepStrictEqual } from 'node:util';
import {
  beginSession,
  decideAll,
  explain,
  FIRST_EPOCH,
  leaseRefOf,
  quotaReached,
  rankPools,
  spokenFor,
  type CapacitySnapshot,
  type Lease,
  type Ranking,
  type RegionVerdict,
  type Session,
  type SessionCommand,
  type SessionId,
  type SessionRequest,
} from '@meridian/domain';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { ModelCatalog, ModelVersion } from '../ports/model-catalog.ts';
import type { CreateOutcome, IdempotencyRecord, SessionRepository } from '../ports/session-repository.ts';
import type { Tenant } from '../ports/tenant-repository.ts';
import type { SessionPolicy } from '../policy.ts';
import { requestHash, sessionIdFor } from '../ids.ts';
import { leaseTtlMs } from './relocate.ts';
import { releaseUnlessHeld, releaseUnlessStored, reserveBest } from './reserve-best.ts';

/** Most waiting sessions that an open looks at before it takes a free slot. */
const QUEUE_LOOK = 200;

export interface OpenSessionPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly models: ModelCatalog;
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly draw: Draw;
  readonly incidents: Incidents;
  readonly policy: SessionPolicy;
}

/** Already validated for shape (numbers finite, sizes bounded); whether it can be met is decided here. */
export interface OpenSessionCommand {
  readonly tenant: Tenant;
  readonly model: string;
  readonly modelVersion?: string;
  readonly rttMs: Readonly<Partial<Record<string, number>>>;
  readonly residency?: string;
  readonly maxRttMs?: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
  /** Kept with the session, no part of what was asked for: a retry has another. */
  readonly traceId?: string;
}

export type OpenSessionOutcome =
  /** `session.state` is `reserved` or `queued`; for a replay, whatever it is by now. */
  | { readonly kind: 'opened'; readonly session: Session; readonly replayed: boolean }
  | { readonly kind: 'unknown_model'; readonly known: readonly ModelVersion[] }
  | { readonly kind: 'no_eligible_region'; readonly considered: readonly RegionVerdict[] }
  | { readonly kind: 'session_quota_exceeded'; readonly maxSessions: number }
  /** The key was used for another request. */
  | { readonly kind: 'idempotency_key_reused' };

/**
 * Throws `StoreUnavailable` when the session cannot be recorded. Nothing is held then; only when the record cannot even
 * be read is a slot kept, for the retry with the same key, and lapses with the claim.
 */
export type OpenSession = (command: OpenSessionCommand) => Promise<OpenSessionOutcome>;

export const makeOpenSession =
  (ports: OpenSessionPorts): OpenSession =>
  async (command) => {
    const { tenant, idempotencyKey: key } = command;
    const request = requestOf(command, sessionIdFor(tenant.tenantId, key, ports.draw));
    const hash = requestHash(request);
    const earlier =
      key === undefined ? undefined : await ports.sessions.findByIdempotencyKey(tenant.tenantId, key);
    if (earlier) return replayOf(earlier, hash);

    const quota = { open: await ports.sessions.countOpen(tenant.tenantId), max: tenant.maxSessions };
    if (quotaReached(quota)) return { kind: 'session_quota_exceeded', maxSessions: quota.max };
    const known = await knownModels(ports, request);
    if (known) return { kind: 'unknown_model', known };

    const placement = await place(ports, request, key !== undefined);
    if (placement.kind === 'impossible') {
      return { kind: 'no_eligible_region', considered: placement.considered };
    }
    return record(ports, request, placement, key === undefined ? undefined : { key, requestHash: hash });
  };

function requestOf(command: OpenSessionCommand, sessionId: SessionId): SessionRequest {
  const { tenant, idempotencyKey: _key, ...asked } = command;
  return { ...asked, sessionId, tenantId: tenant.tenantId };
}

const replayOf = (
  earlier: { readonly session: Session; readonly requestHash: string },
  hash: string,
): OpenSessionOutcome =>
  earlier.requestHash === hash
    ? { kind: 'opened', session: earlier.session, replayed: true }
    : { kind: 'idempotency_key_reused' };

/** Undefined: the model is known; else those that are. A model that is being served needs no look at the catalog. */
async function knownModels(
  { capacity, models }: OpenSessionPorts,
  { model, modelVersion }: SessionRequest,
): Promise<readonly ModelVersion[] | undefined> {
  const isAsked = (served: { readonly model: string; readonly modelVersion: string }): boolean =>
    served.model === model && (modelVersion === undefined || served.modelVersion === modelVersion);
  const { regions } = await capacity.read();
  if (regions.some((region) => region.pools.some(isAsked))) return undefined;
  const known = await models.list();
  return known.some(isAsked) ? undefined : known;
}

type Placement =
  | { readonly kind: 'reserved'; readonly lease: Lease; readonly considered: readonly RegionVerdict[] }
  | { readonly kind: 'waits' | 'impossible'; readonly considered: readonly RegionVerdict[] };

/** @param isRetriable the open has a key, so this may be the second attempt */
async function place(
  ports: OpenSessionPorts,
  request: SessionRequest,
  isRetriable: boolean,
): Promise<Placement> {
  const waiting = await ports.sessions.listQueued(QUEUE_LOOK);
  const rank = (snapshot: CapacitySnapshot): Ranking => {
    const spoken = spokenFor(waiting, snapshot, ports.clock.nowMs());
    return rankPools(request, snapshot, { waitedMs: 0, spokenFor: spoken });
  };
  const kept = rank(await ports.capacity.read());
  // A slot may have become free since the snapshot was taken: nobody is queued, or refused, on old news.
  const ranking = kept.kind === 'ranked' ? kept : rank(await ports.capacity.read({ fresh: true }));
  if (ranking.kind === 'impossible') return { kind: 'impossible', considered: explain(ranking) };
  const { lease, considered } = await reserveBest(ports, ranking, {
    ...{ sessionId: request.sessionId, epoch: FIRST_EPOCH, ttlMs: leaseTtlMs(ports.policy) },
    mayHold: isRetriable ? ranking.findings.map(({ region }) => region) : [],
  });
  return lease ? { kind: 'reserved', lease, considered } : { kind: 'waits', considered };
}

/** Stores the session with its place, or gives the place back. */
async function record(
  ports: OpenSessionPorts,
  request: SessionRequest,
  placement: Placement,
  idempotency: IdempotencyRecord | undefined,
): Promise<OpenSessionOutcome> {
  const atMs = ports.clock.nowMs();
  const { session, events } = decideAll(
    [commandOf(placement, atMs, ports.policy)],
    beginSession(request, atMs),
  );
  const lease = placement.kind === 'reserved' ? placement.lease : undefined;
  let created: CreateOutcome;
  try {
    created = await ports.sessions.create(session, events, idempotency);
  } catch (error) {
    const stored = lease && (await releaseUnlessStored(ports, lease));
    // The reply may have been lost, and not the request.
    if (stored && isDeepStrictEqual(stored, session)) return { kind: 'opened', session, replayed: false };
    throw error;
  }
  if (created.kind === 'created') return { kind: 'opened', session, replayed: false };
  // The same key came twice at once, and the other was faster.
  if (lease) await releaseUnlessHeld(ports, lease, created.session);
  return replayOf(created, idempotency?.requestHash ?? '');
}

const commandOf = (placement: Placement, atMs: number, { claimTtlMs }: SessionPolicy): SessionCommand =>
  placement.kind === 'reserved'
    ? {
        ...{ type: 'reserve', atMs, claimByMs: atMs + claimTtlMs },
        ...{ lease: leaseRefOf(placement.lease), considered: placement.considered },
      }
    : { type: 'enqueue', atMs, reasons: placement.considered };
