import type { Epoch, Lease, PoolId, RegionId, SessionId, WorkerId } from '@meridian/domain';

export interface ReserveSlot {
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
  /** GPUs wanted: `slotsNeeded` of them says how many slots that is on a worker. Undefined: one slot. */
  readonly gpus?: number;
  /** Workers not to use, such as the one a session was just lost on. */
  readonly exclude?: readonly WorkerId[];
  /** When no ready worker has room, take one that is quarantined for its pace: late frames are better than none. */
  readonly alsoLate?: boolean;
}

/** The place that a session is moved away from. */
export interface TransferFrom {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly workerId: WorkerId;
}

/** Slots that a session was promised on a worker, as the record has it. */
export interface PromisedSlots {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly width: number;
}

/**
 * L1. A slot has at most one live lease; expiry frees it. L3. `reserve` is idempotent for a session and epoch.
 * A session has at most one live lease in a region. Every method is one atomic move, and throws `StoreUnavailable`
 * when the region's store does not answer. Renewal is no method: it is the worker's heartbeat that renews (L4).
 */
export interface LeaseStore {
  /**
   * Takes the slots that the session needs on the fullest ready worker of the pool that has room for all of them
   * (packing). Asked again for the same session and epoch it answers with the same lease while that lives.
   * Undefined: no worker has room, or the session holds a lease at a higher epoch.
   */
  reserve(request: ReserveSlot): Promise<Lease | undefined>;
  /**
   * Reserves for every member, or for none. Asked again it answers with the same leases while they live.
   * Undefined: not all of them fit, or one holds a lease at another epoch.
   */
  reserveGroup(region: RegionId, members: readonly ReserveSlot[]): Promise<readonly Lease[] | undefined>;
  /**
   * Moves a session to another worker at a higher epoch, never to the one it comes from. Its old slots are free once
   * it has new ones, and stay its own when there are none. Asked again it answers with the same lease.
   * Undefined: no worker has room, or the session has moved on: its lease is neither the one named nor older.
   */
  transfer(region: RegionId, from: TransferFrom, to: ReserveSlot): Promise<Lease | undefined>;
  /**
   * Gives sessions back what they were promised on a worker by a store that has since lost everything. Only before the
   * worker's first heartbeat: until then nobody else can have been given its slots. A session with a lease keeps that.
   */
  restore(
    region: RegionId,
    workerId: WorkerId,
    promised: readonly PromisedSlots[],
    ttlMs: number,
  ): Promise<void>;
  /** Frees the session's slots if its lease there is at this epoch; false when there was none. */
  release(region: RegionId, sessionId: SessionId, epoch: Epoch): Promise<boolean>;
  /** The session's live lease in the region. */
  find(region: RegionId, sessionId: SessionId): Promise<Lease | undefined>;
  /** The live leases of these sessions in the region. */
  findMany(region: RegionId, sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, Lease>>;
}

/** A region's store did not answer in time. Running sessions go on (L4); callers try elsewhere or later. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly store: string;
  constructor(store: string, options?: ErrorOptions) {
    super(`${store} does not answer`, options);
    this.store = store;
  }
}
