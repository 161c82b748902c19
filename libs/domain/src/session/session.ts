// A session is folded from its events; nothing else changes it. `decide` says which events a command causes,
// `evolve` folds one event into the state, and both are total over the unions below.
import type { Epoch, GroupId, PoolId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { DEFAULT_PURCHASE, type PurchaseKind } from '../metering/purchase.ts';

export const SESSION_STATES = [
  'queued',
  'reserved',
  'connecting',
  'active',
  'held',
  'migrating',
  'ended',
] as const;
export type SessionStateName = (typeof SESSION_STATES)[number];

export const END_REASONS = [
  'client_ended',
  'client_lost',
  'idle',
  'duration_limit',
  'claim_expired',
  'queue_expired',
  'budget_exhausted',
  'operator_ended',
  'worker_lost',
  'region_lost',
  'model_failed',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** A session's right to a slot. */
export interface Lease {
  readonly sessionId: SessionId;
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly workerId: WorkerId;
  /** host:port at which a gateway dials the worker. */
  readonly workerAddress: string;
  /** 0-based slot number on the worker; the lowest of them when it holds several. */
  readonly slot: number;
  /** Slots that it holds, 1 or more. */
  readonly width: number;
  /** Slots of the worker when it was leased: the session pays `width / slots` of its GPUs at this epoch. */
  readonly slots: number;
  /** GPUs that the worker's process spans. */
  readonly gpus: number;
  /** How the worker's GPUs were bought. */
  readonly purchase: PurchaseKind;
  readonly epoch: Epoch;
  /** Unix ms at which the lease lapses unless renewed (L1). */
  readonly expiresAtMs: number;
}

/** The fields of a lease that a session's history keeps. */
export type LeaseRef = Pick<
  Lease,
  | 'region'
  | 'pool'
  | 'workerId'
  | 'workerAddress'
  | 'slot'
  | 'width'
  | 'slots'
  | 'gpus'
  | 'purchase'
  | 'epoch'
>;

type AddedLater = 'width' | 'gpus' | 'purchase';

/** As it was stored before leases said how many slots and GPUs they are wide (one then), and how those were bought. */
export type StoredLeaseRef = Omit<LeaseRef, AddedLater> & Partial<Pick<LeaseRef, AddedLater>>;

export const leaseRefOf = (lease: StoredLeaseRef): LeaseRef => {
  const { region, pool, workerId, workerAddress, slot, slots, epoch } = lease;
  const { width = 1, gpus = 1, purchase = DEFAULT_PURCHASE } = lease;
  return { region, pool, workerId, workerAddress, slot, width, slots, gpus, purchase, epoch };
};

export const PRIORITIES = ['low', 'normal', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What the client asked for; kept with the session and used again at every placement. */
export interface SessionRequest {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly model: string;
  /** Undefined: the newest version that is served. */
  readonly modelVersion?: string;
  /** Measured by the client, in ms; a region without an entry is taken at `UNMEASURED_RTT_MS`. */
  readonly rttMs: Readonly<Partial<Record<string, number>>>;
  /** Jurisdictions the session may run in, such as `eu`; undefined: any. */
  readonly residency?: string;
  /** Regions with a larger RTT are not considered; undefined: no cap. */
  readonly maxRttMs?: number;
  /** Unix ms at which `rttMs` was measured; older than `RTT_STALE_MS` when placed it is stale. Undefined: just now. */
  readonly rttMeasuredAtMs?: number;
  /** GPUs the session needs: a fraction (0.25), one, or several. Undefined: one slot of whatever worker. */
  readonly gpus?: number;
  /** Who goes first in the queue, and who may use the last slots. Undefined: `normal`. */
  readonly priority?: Priority;
  /** Longest wait that the caller accepts, ms; 0: none. Undefined: the model's. */
  readonly maxWaitMs?: number;
  /** Sessions opened together: in one region, all or none. */
  readonly groupId?: GroupId;
  readonly metadata: Readonly<Record<string, string>>;
  /** W3C trace id of the open, 32 hex digits; logs of every process carry it. No part of what was asked for. */
  readonly traceId?: string;
}

interface EventBase {
  readonly atMs: number;
}

export type SessionEvent =
  | (EventBase & {
      readonly type: 'queued';
      readonly reasons: readonly RegionVerdict[];
      /** The wait that the client was told first, ms. */
      readonly etaMs?: number;
      /** The same before it was corrected by how right earlier ones had been. */
      readonly estimateMs?: number;
    })
  | (EventBase & {
      readonly type: 'reserved';
      readonly lease: LeaseRef;
      readonly claimByMs: number;
      readonly considered: readonly RegionVerdict[];
      readonly why?: PlacementWhy;
    })
  | (EventBase & { readonly type: 'connecting'; readonly epoch: Epoch })
  | (EventBase & { readonly type: 'active'; readonly epoch: Epoch })
  | (EventBase & { readonly type: 'held'; readonly epoch: Epoch })
  | (EventBase & {
      readonly type: 'migrating';
      readonly lostWorkerId: WorkerId;
      readonly lostEpoch: Epoch;
      /** The worker still served it, and drained. Undefined: the worker was lost. */
      readonly reason?: 'drain';
    })
  | (EventBase & {
      readonly type: 'migrated';
      readonly lease: LeaseRef;
      readonly considered: readonly RegionVerdict[];
      readonly why?: PlacementWhy;
    })
  | (EventBase & { readonly type: 'ended'; readonly reason: EndReason; readonly detail?: string });

/** What placement thought of one region; the answer to an open and the session's history carry these. */
export interface RegionVerdict {
  readonly region: RegionId;
  readonly outcome: 'chosen' | 'feasible' | 'rejected';
  /** A sentence for a person: why it was chosen, why another was better, or which filter refused it. */
  readonly reason: string;
  /** Machine-readable filter code when rejected, such as `no_free_slot`. */
  readonly code?: RejectionCode;
  readonly rttMs?: number;
  /** The RTT was estimated: nobody measured it, or too long ago. */
  readonly rttEstimated?: boolean;
  /** Predicted action-to-frame time, ms: RTT + step + encode + wait. */
  readonly predictedActionToFrameMs?: number;
  /** Score in ms: the prediction plus the congestion price; lower is better. */
  readonly scoreMs?: number;
  readonly freeSlots?: number;
}

/** One pool as a placement saw it; times in ms. */
export interface WhyCandidate {
  readonly pool: PoolId;
  readonly region: RegionId;
  readonly rttMs: number;
  readonly rttEstimated: boolean;
  readonly predictedActionToFrameMs: number;
  readonly congestionMs: number;
  /** Prediction plus congestion price; lower is better among those that are `feasible` alike. */
  readonly scoreMs: number;
  readonly freeSlots: number;
  /** The prediction meets the model's target. */
  readonly feasible: boolean;
}

/** A pool, or a region as a whole, that could not take the session. */
export interface WhyRefused {
  readonly region: RegionId;
  readonly pool?: PoolId;
  readonly code: RejectionCode;
  readonly reason: string;
}

/** All that a placement was decided on: enough to repeat it, small enough to keep with the session. */
export interface PlacementWhy {
  readonly decidedAtMs: number;
  readonly waitedMs: number;
  /** Whose policy it was: the model's own, or the default. */
  readonly policy: 'model' | 'default';
  /** The best few, best first. */
  readonly candidates: readonly WhyCandidate[];
  readonly refused: readonly WhyRefused[];
  /** How many more were refused than are listed. */
  readonly refusedMore: number;
  readonly draw: number;
}

export const REJECTION_CODES = [
  'model_not_served',
  'model_version_not_served',
  'no_free_slot',
  'residency',
  'rtt_above_cap',
  'unhealthy',
  'region_unreachable',
  'tenant_quota',
  'too_few_gpus',
  'kept_for_others',
  'group_too_large',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** The folded state of a session. */
export interface Session {
  readonly request: SessionRequest;
  readonly state: SessionStateName;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Number of events folded so far; the next event is `eventCount + 1`. Used for optimistic concurrency. */
  readonly eventCount: number;
  /** Highest epoch the session was ever placed at; 0 before the first placement. */
  readonly epoch: number;
  readonly lease?: LeaseRef;
  /** Set while `reserved`: when the claim lapses, Unix ms. */
  readonly claimByMs?: number;
  readonly considered: readonly RegionVerdict[];
  /** Of the last placement. */
  readonly why?: PlacementWhy;
  /** Set once it was queued: the wait that was told first, ms, and the same before it was corrected. */
  readonly toldWait?: { readonly etaMs: number; readonly estimateMs: number };
  readonly firstActiveAtMs?: number;
  readonly endedAtMs?: number;
  readonly endReason?: EndReason;
  readonly endDetail?: string;
}

export type SessionCommand =
  | {
      readonly type: 'enqueue';
      readonly atMs: number;
      readonly reasons: readonly RegionVerdict[];
      readonly etaMs?: number;
      readonly estimateMs?: number;
    }
  | {
      readonly type: 'reserve';
      readonly atMs: number;
      readonly lease: LeaseRef;
      readonly claimByMs: number;
      readonly considered: readonly RegionVerdict[];
      readonly why?: PlacementWhy;
    }
  /** What the worker that serves the session says it does; ignored when its epoch is not the session's. */
  | {
      readonly type: 'observe';
      readonly atMs: number;
      readonly epoch: Epoch;
      readonly activity: 'connecting' | 'active' | 'held';
    }
  | {
      readonly type: 'lose-worker';
      readonly atMs: number;
      readonly workerId: WorkerId;
      readonly epoch: Epoch;
      /** The worker still serves it, and drains. */
      readonly reason?: 'drain';
    }
  | {
      readonly type: 'migrate';
      readonly atMs: number;
      readonly lease: LeaseRef;
      readonly considered: readonly RegionVerdict[];
      readonly why?: PlacementWhy;
    }
  | {
      readonly type: 'end';
      readonly atMs: number;
      readonly reason: EndReason;
      readonly detail?: string;
      /** Set when a worker says so: ignored unless it is the session's epoch (L2). */
      readonly epoch?: Epoch;
    };
