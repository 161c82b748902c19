import type { Epoch, Lease, PoolId, RegionId, SessionId, WorkerId } from '@meridian/domain';

export interface ReserveSlot {
  readonly region: RegionId;
  readonly pool: PoolId;
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly ttlMs: number;
  /** Workers not to use, such as the one a session was just lost on. */
  readonly exclude?: readonly WorkerId[];
}

/** L1. A slot has at most one live lease; expiry frees it. L3. `reserve` is idempotent for a session and epoch. */
export interface LeaseStore {
  /**
   * Takes a slot on the fullest ready worker of the pool that has room (packing), in one atomic move.
   * Asked again for the same session and epoch it answers with the same lease while that lives.
   * Undefined: no slot free, or the session holds a lease at a higher epoch.
   * Throws `StoreUnavailable` when the region's store does not answer.
   */
  reserve(request: ReserveSlot): Promise<Lease | undefined>;
  /** Frees the slot if the session's lease there is at this epoch; false when there was none. */
  release(region: RegionId, sessionId: SessionId, epoch: Epoch): Promise<boolean>;
  /** The session's live lease in the region. */
  find(region: RegionId, sessionId: SessionId): Promise<Lease | undefined>;
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
