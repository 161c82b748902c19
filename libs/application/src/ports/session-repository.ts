import type {
  MeterReading,
  Session,
  SessionEvent,
  SessionId,
  SessionStateName,
  TenantId,
} from '@meridian/domain';

export interface StoredEvent {
  /** 1-based number of the event in its session. */
  readonly number: number;
  readonly event: SessionEvent;
}

export interface IdempotencyRecord {
  readonly key: string;
  /** SHA-256 of the canonical request, hex. */
  readonly requestHash: string;
}

export type CreateOutcome =
  | { readonly kind: 'created' }
  /** The tenant already used this key, or the session id exists: the earlier session and its request hash. */
  | { readonly kind: 'exists'; readonly session: Session; readonly requestHash: string };

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Opaque; undefined on the last page. */
  readonly nextCursor?: string;
}

/** Sessions and their events, the durable record of what was. Reads for tenants are scoped by tenant (S1). */
export interface SessionRepository {
  /** Stores a new session with its first events and idempotency record in one transaction. */
  create(
    session: Session,
    events: readonly SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
  ): Promise<CreateOutcome>;
  /**
   * Appends events if the session still has `expectedEventCount` of them; false: someone else was first, load and
   * decide again. `finalReading` is applied to the session's usage in the same transaction.
   */
  append(
    session: Session,
    events: readonly SessionEvent[],
    expectedEventCount: number,
    finalReading?: MeterReading,
  ): Promise<boolean>;
  find(sessionId: SessionId): Promise<Session | undefined>;
  findForTenant(tenantId: TenantId, sessionId: SessionId): Promise<Session | undefined>;
  findByIdempotencyKey(
    tenantId: TenantId,
    key: string,
  ): Promise<{ readonly session: Session; readonly requestHash: string } | undefined>;
  list(
    tenantId: TenantId,
    filter: { readonly state?: string; readonly limit: number; readonly cursor?: string },
  ): Promise<SessionPage>;
  /** Events after `afterNumber`, in order. */
  events(sessionId: SessionId, afterNumber: number): Promise<readonly StoredEvent[]>;
  /** Queued sessions, oldest first. */
  listQueued(limit: number): Promise<readonly Session[]>;
  /** Sessions in the given states that have not changed since `beforeMs`, oldest first. */
  listStale(states: readonly string[], beforeMs: number, limit: number): Promise<readonly Session[]>;
  /** Sessions that ended at or after `sinceMs`, newest first; queue estimates read the recent slot releases here. */
  listEndedSince(sinceMs: number, limit: number): Promise<readonly Session[]>;
  /** How many sessions are in each state other than `ended`; states without a session may be absent. */
  countByState(): Promise<Readonly<Partial<Record<SessionStateName, number>>>>;
  /** Sessions of the tenant that have not ended. */
  countOpen(tenantId: TenantId): Promise<number>;
}

/** Tells every replica that a session has new events. Losing a message is harmless: listeners also look by themselves. */
export interface SessionSignals {
  /** Calls `wake` whenever the session may have new events, until the signal aborts. */
  onChange(sessionId: SessionId, wake: () => void, signal: AbortSignal): void;
}
