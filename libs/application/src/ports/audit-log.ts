import type { RegionId, SessionEvent, SessionId, TenantId } from '@meridian/domain';

/** Something an operator did, or a placement that was refused; who placed or moved a session stands in its events. */
export interface AuditNote {
  readonly atMs: number;
  /** `operator`, or the tenant that asked. */
  readonly actor: 'operator' | TenantId;
  /** Such as `session.refused`, or method and route of an admin call. */
  readonly action: string;
  readonly sessionId?: SessionId;
  readonly tenantId?: TenantId;
  readonly region?: RegionId;
  /** JSON. Never a secret. */
  readonly detail: object;
}

/** Events of sessions that say where they run, and why. */
export type PlacementEvent = Extract<SessionEvent, { readonly type: 'queued' | 'reserved' | 'migrated' }>;

export interface AuditEntry extends Omit<AuditNote, 'actor'> {
  /** Opaque; orders entries of one time. */
  readonly id: string;
  readonly actor: AuditNote['actor'] | 'meridian';
}

export interface AuditQuery {
  readonly sessionId?: SessionId;
  readonly tenantId?: TenantId;
  /** Entries at or after, and before this time, Unix ms. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly limit: number;
}

/** Append-only. Placements are told from the sessions' own events, so that the two can never disagree. */
export interface AuditLog {
  note(note: AuditNote): Promise<void>;
  /** Newest first. */
  read(query: AuditQuery): Promise<readonly AuditEntry[]>;
}
