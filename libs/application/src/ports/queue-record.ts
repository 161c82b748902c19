import type { RegionId, Session, SessionId, SessionRequest, TenantId } from '@meridian/domain';

/** Who waits, and no more of the session than order, place and estimate need. */
export interface QueuedRequest {
  readonly request: SessionRequest;
  readonly createdAtMs: number;
  readonly toldWait?: Session['toldWait'];
  /** Of its tenant. */
  readonly weight: number;
}

/** What a tenant's sessions of one model hold. */
export interface HeldSlots {
  readonly tenantId: TenantId;
  readonly slots: number;
  /** When the oldest of these sessions was opened, Unix ms. */
  readonly sinceMs: number;
}

/** A session that gave its slots back when it ended. */
export interface SlotRelease {
  readonly region: RegionId;
  readonly slots: number;
  readonly openedAtMs: number;
  readonly atMs: number;
}

/** A session that left the queue for a slot. */
export interface PlacedWait {
  readonly model: string;
  readonly waitedMs: number;
  readonly toldWait: NonNullable<Session['toldWait']>;
}

/** What the queue asks of the sessions' record; each is one query, however many wait. Throws `StoreUnavailable`. */
export interface QueueRecord {
  /** Oldest first. */
  waiting(limit: number): Promise<readonly QueuedRequest[]>;
  held(model: string): Promise<readonly HeldSlots[]>;
  /** Of the model since then, newest first. */
  releases(model: string, sinceMs: number, limit: number): Promise<readonly SlotRelease[]>;
  /** Those of these sessions that left the queue for a slot, and had been told how long they would wait. */
  placed(sessionIds: readonly SessionId[]): Promise<readonly PlacedWait[]>;
}
