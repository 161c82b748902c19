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
  type PlacementWhy,
  type Priority,
  type Ranking,
  type RegionVerdict,
  type Session,
  type SessionCommand,
  type SessionId,
  type SessionRequest,
  type WorkerId,
} from '@meridian/domain';
import type { CreditLeases } from '../billing/credit-leases.ts';
import type { Capacity } from '../capacity/snapshot-cache.ts';
import type { Clock, Draw } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { ModelCatalog, ModelVersion } from '../ports/model-catalog.ts';
import type { CreateOutcome, IdempotencyRecord, SessionRepository } from '../ports/session-repository.ts';
import type { Tenant } from '../ports/tenant-repository.ts';
import type { PoliciesInForce } from '../policies/policies-in-force.ts';
import type { SessionPolicy } from '../policy.ts';
import { requestHash, sessionIdFor, unitDraw } from '../ids.ts';
import type { AdmitToQueue, ToldWait, WaitTooLong } from './admit-to-queue.ts';
import { Doubts } from './doubts.ts';
import { modelsUnlessKnown } from './known-models.ts';
import type { QueueView } from './queue-view.ts';
import { leaseTtlMs } from './relocate.ts';
import { releaseUnlessHeld, releaseUnlessStored, reserveBest } from './reserve-best.ts';

export interface OpenSessionPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly models: ModelCatalog;
  readonly capacity: Capacity;
  readonly queue: QueueView;
  readonly admitToQueue: AdmitToQueue;
  readonly policies: PoliciesInForce;
  readonly credit: CreditLeases;
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
  readonly rttMeasuredAtMs?: number;
  readonly gpus?: number;
  readonly priority?: Priority;
  readonly maxWaitMs?: number;
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
  /** The tenant's wallet or budget has nothing left for this model. */
  | { readonly kind: 'budget_exhausted' }
  | (WaitTooLong & Considered)
  /** The key was used for another request. */
  | { readonly kind: 'idempotency_key_reused' };

/**
 * Throws `StoreUnavailable` when the session cannot be recorded. Nothing is held then; only when the record cannot even
 * be read is a slot kept, for the retry with the same key, and lapses with the claim.
 */
export type OpenSession = (command: OpenSessionCommand) => Promise<OpenSessionOutcome>;

export const makeOpenSession = (ports: OpenSessionPorts): OpenSession => {
  const doubts = new Doubts();
  return async (command) => {
    const opening = openingOf(command, ports.draw);
    const { tenant, request, idempotency } = opening;
    let looked: Promise<OpenSessionOutcome | undefined> | undefined;
    const look = () => (looked ??= lookUp(ports.sessions, doubts, opening));
    const answered = doubts.about(tenant.tenantId) && (await look());
    if (answered) return answered;
    const refusal = await refusalOf(ports, request);
    if (refusal) return (await look()) ?? refusal;

    const placement = await place(ports, request, idempotency !== undefined);
    if (placement.kind === 'reserved') return record(ports, doubts, opening, placement);
    const earlier = await look();
    if (earlier) return earlier;
    if (placement.kind === 'impossible') {
      return { kind: 'no_eligible_region', considered: placement.considered };
    }
    const admission = await ports.admitToQueue(request, tenant.weight);
    if (admission.kind === 'wait_too_long') return { ...admission, considered: placement.considered };
    return record(ports, doubts, opening, { ...placement, ...admission.told });
  };
};

/** What the record alone answers with: an earlier session of the key, or that the tenant may have no more. */
async function lookUp(
  sessions: SessionRepository,
  doubts: Doubts,
  { tenant, idempotency }: Opening,
): Promise<OpenSessionOutcome | undefined> {
  const { earlier, open } = await sessions.beforeOpen(tenant.tenantId, idempotency?.key);
  const isFull = quotaReached({ open, max: tenant.maxSessions });
  doubts.saw(tenant.tenantId, isFull);
  if (earlier) return replayOf(earlier, idempotency);
  return isFull ? quotaExceeded(tenant) : undefined;
}

async function refusalOf(
  ports: OpenSessionPorts,
  request: SessionRequest,
): Promise<OpenSessionOutcome | undefined> {
  const known = await modelsUnlessKnown(ports, request);
  if (known) return { kind: 'unknown_model', known };
  const { tenantId, model, modelVersion } = request;
  const isExhausted = await ports.credit.isExhausted(tenantId, model, modelVersion);
  return isExhausted ? { kind: 'budget_exhausted' } : undefined;
}

interface Opening {
  readonly tenant: Tenant;
  readonly request: SessionRequest;
  readonly idempotency: IdempotencyRecord | undefined;
}

function openingOf(command: OpenSessionCommand, draw: Draw): Opening {
  const { tenant, idempotencyKey: key } = command;
  const request = requestOf(command, sessionIdFor(tenant.tenantId, key, draw));
  const idempotency = key === undefined ? undefined : { key, requestHash: requestHash(request) };
  return { tenant, request, idempotency };
}

function requestOf(command: OpenSessionCommand, sessionId: SessionId): SessionRequest {
  const { tenant, idempotencyKey: _key, ...asked } = command;
  return { ...asked, sessionId, tenantId: tenant.tenantId };
}

const replayOf = (
  earlier: { readonly session: Session; readonly requestHash: string },
  asked: IdempotencyRecord | undefined,
): OpenSessionOutcome =>
  earlier.requestHash === asked?.requestHash
    ? { kind: 'opened', session: earlier.session, replayed: true }
    : { kind: 'idempotency_key_reused' };

const quotaExceeded = ({ maxSessions }: Tenant): OpenSessionOutcome => ({
  kind: 'session_quota_exceeded',
  maxSessions,
});

interface Considered {
  readonly considered: readonly RegionVerdict[];
}

type Reserved = Considered & {
  readonly kind: 'reserved';
  readonly lease: Lease;
  readonly why: PlacementWhy;
};
type Waits = Considered & { readonly kind: 'waits' };
type Placement = Reserved | Waits | (Considered & { readonly kind: 'impossible' });

/** @param isRetriable the open has a key, so this may be the second attempt */
async function place(
  ports: OpenSessionPorts,
  request: SessionRequest,
  isRetriable: boolean,
): Promise<Placement> {
  const { policy, source: policySource } = await ports.policies.of(request.model);
  const draw = unitDraw(ports.draw);
  let exclude: readonly WorkerId[] = [];
  const rank = async (snapshot: CapacitySnapshot, fresh: boolean): Promise<Ranking> => {
    const context = { waitedMs: 0, policy, policySource, draw };
    const ranking = rankPools(request, snapshot, context);
    // Who may have nothing anyway takes nothing from those who wait: then nobody looks at the queue for that.
    if (ranking.kind !== 'ranked') return ranking;
    const look = await ports.queue.read({ fresh });
    const waiting = look.waitingFor(request.model);
    if (waiting.length === 0) return ranking;
    exclude = await look.keptFrom(request.model);
    const spoken = spokenFor(waiting, snapshot, ports.clock.nowMs(), { policy });
    return rankPools(request, snapshot, { ...context, spokenFor: spoken, exclude });
  };
  let ranking = await rank(await ports.capacity.read(), false);
  // A slot may have become free, and who waited for it gone: nobody is queued, or refused, on old news.
  if (ranking.kind !== 'ranked') ranking = await rank(await ports.capacity.read({ fresh: true }), true);
  if (ranking.kind === 'impossible') return { kind: 'impossible', considered: explain(ranking) };
  const { lease, considered, why } = await reserveBest(ports, ranking, {
    ...{ sessionId: request.sessionId, epoch: FIRST_EPOCH, ttlMs: leaseTtlMs(ports.policy), exclude },
    mayHold: isRetriable ? ranking.findings.map(({ region }) => region) : [],
  });
  return lease ? { kind: 'reserved', lease, considered, why } : { kind: 'waits', considered };
}

/** Stores the session with its place, or gives the place back. */
async function record(
  ports: OpenSessionPorts,
  doubts: Doubts,
  { tenant, request, idempotency }: Opening,
  placement: Reserved | (Waits & ToldWait),
): Promise<OpenSessionOutcome> {
  const atMs = ports.clock.nowMs();
  const { session, events } = decideAll(
    [commandOf(placement, atMs, ports.policy)],
    beginSession(request, atMs),
  );
  const lease = placement.kind === 'reserved' ? placement.lease : undefined;
  let created: CreateOutcome;
  try {
    created = await ports.sessions.create(session, events, idempotency, tenant.maxSessions);
  } catch (error) {
    doubts.recordFailed();
    const stored = lease && (await releaseUnlessStored(ports, lease));
    // The reply may have been lost, and not the request.
    if (stored && isDeepStrictEqual(stored, session)) return { kind: 'opened', session, replayed: false };
    throw error;
  }
  doubts.saw(tenant.tenantId, created.kind === 'quota_exceeded');
  if (created.kind === 'created') return { kind: 'opened', session, replayed: false };
  // Another was faster: with the same key, or with the tenant's last session.
  const earlier = created.kind === 'exists' ? created : undefined;
  // One that waits may be given this very slot in this moment: it stays promised to it, or lapses (L1).
  if (lease && earlier?.session.state !== 'queued') await releaseUnlessHeld(ports, lease, earlier?.session);
  return earlier ? replayOf(earlier, idempotency) : quotaExceeded(tenant);
}

const commandOf = (
  placement: Reserved | (Waits & ToldWait),
  atMs: number,
  { claimTtlMs }: SessionPolicy,
): SessionCommand =>
  placement.kind === 'reserved'
    ? {
        ...{ type: 'reserve', atMs, claimByMs: atMs + claimTtlMs },
        ...{ lease: leaseRefOf(placement.lease), considered: placement.considered, why: placement.why },
      }
    : {
        ...{ type: 'enqueue', atMs, reasons: placement.considered },
        ...{ etaMs: placement.etaMs, estimateMs: placement.estimateMs },
      };
