import type {
  GroupId,
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

/** A session that was just decided on, with the events that made it. */
export interface NewSession {
  readonly session: Session;
  readonly events: readonly SessionEvent[];
}

/** The tenant has `open` sessions open, and with these it would have more than it may. */
export interface QuotaExceeded {
  readonly kind: 'quota_exceeded';
  readonly open: number;
}

export type CreateOutcome =
  | { readonly kind: 'created' }
  /** The tenant already used this key, or the session id exists: the earlier session and its request hash. */
  | { readonly kind: 'exists'; readonly session: Session; readonly requestHash: string }
  | QuotaExceeded;

export type CreateGroupOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'exists'; readonly sessions: readonly Session[]; readonly requestHash: string }
  | QuotaExceeded;

/** What an open has to know before it looks for a place. */
export interface BeforeOpen {
  /** The session that the tenant's key was used for. */
  readonly earlier?: { readonly session: Session; readonly requestHash: string };
  /** Sessions of the tenant that have not ended; by the time of `create` there may be more. */
  readonly open: number;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Opaque; undefined on the last page. */
  readonly nextCursor?: string;
}

/** Sessions and their events, the durable record of what was. Reads for tenants are scoped by tenant (S1). */
export interface SessionRepository {
  beforeOpen(tenantId: TenantId, key: string | undefined): Promise<BeforeOpen>;
  /**
   * Stores a new session with its first events and idempotency record, together or not at all, unless the tenant
   * then had more than `maxOpen` sessions open: however many open at once, the quota holds. An earlier session is
   * answered before the quota is judged.
   */
  create(
    session: Session,
    events: readonly SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
    maxOpen?: number,
  ): Promise<CreateOutcome>;
  /** As `create`, for the sessions of one group (one tenant, in order): all of them or none. */
  createGroup(
    members: readonly NewSession[],
    idempotency: IdempotencyRecord | undefined,
    maxOpen?: number,
  ): Promise<CreateGroupOutcome>;
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
  /** The sessions of a group, by session id. */
  findGroup(tenantId: TenantId, groupId: GroupId): Promise<readonly Session[]>;
  list(
    tenantId: TenantId,
    filter: { readonly state?: string; readonly limit: number; readonly cursor?: string },
  ): Promise<SessionPage>;
  /** Events after `afterNumber`, in order. */
  events(sessionId: SessionId, afterNumber: number): Promise<readonly StoredEvent[]>;
  /** Sessions in the given states that have not changed since `beforeMs`, oldest first. */
  listStale(states: readonly string[], beforeMs: number, limit: number): Promise<readonly Session[]>;
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
