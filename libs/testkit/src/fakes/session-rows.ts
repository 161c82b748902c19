import type { IdempotencyRecord } from '@meridian/application';
import type { GroupId, Session, SessionEvent, SessionId, SessionStateName, TenantId } from '@meridian/domain';

export interface SessionRow {
  /** Set anew with every change. */
  session: Session;
  readonly events: SessionEvent[];
  readonly idempotency: IdempotencyRecord | undefined;
}

/** The sessions on record by id, with the indexes that their queries need: a simulated day has tens of thousands. */
export class SessionRows {
  readonly #rows = new Map<SessionId, IndexedRow>();
  readonly #byState = new Map<SessionStateName, Set<IndexedRow>>();
  readonly #openOf = new Map<TenantId, number>();
  readonly #byKey = new Map<string, IndexedRow>();
  readonly #byGroup = new Map<GroupId, IndexedRow[]>();

  get size(): number {
    return this.#rows.size;
  }

  get(sessionId: SessionId): SessionRow | undefined {
    return this.#rows.get(sessionId);
  }

  values(): MapIterator<SessionRow> {
    return this.#rows.values();
  }

  keys(): MapIterator<SessionId> {
    return this.#rows.keys();
  }

  set(sessionId: SessionId, { session, events, idempotency }: SessionRow): void {
    this.delete(sessionId);
    const row = new IndexedRow(session, events, idempotency, (changed, next) => this.#move(changed, next));
    this.#rows.set(sessionId, row);
    this.#count(session, 1);
    this.#rowsIn(session.state).add(row);
    const { tenantId, groupId } = session.request;
    if (idempotency) this.#byKey.set(keyOf(tenantId, idempotency.key), row);
    if (groupId !== undefined) this.#byGroup.set(groupId, [...this.ofGroup(groupId), row]);
  }

  /** As if the session had never been. */
  delete(sessionId: SessionId): void {
    const row = this.#rows.get(sessionId);
    if (!row) return;
    const { session, idempotency } = row;
    const { tenantId, groupId } = session.request;
    this.#rows.delete(sessionId);
    this.#count(session, -1);
    this.#rowsIn(session.state).delete(row);
    if (idempotency) this.#byKey.delete(keyOf(tenantId, idempotency.key));
    if (groupId !== undefined)
      this.#byGroup.set(
        groupId,
        this.ofGroup(groupId).filter((one) => one !== row),
      );
  }

  /** In the order in which they came into their state. */
  inStates(states: readonly string[]): Session[] {
    return states.flatMap((state) => [...this.#rowsIn(state as SessionStateName)].map((row) => row.session));
  }

  countIn(state: SessionStateName): number {
    return this.#rowsIn(state).size;
  }

  /** Sessions of the tenant that have not ended. */
  openOf(tenantId: TenantId): number {
    return this.#openOf.get(tenantId) ?? 0;
  }

  byKey(tenantId: TenantId, key: string): SessionRow | undefined {
    return this.#byKey.get(keyOf(tenantId, key));
  }

  ofGroup(groupId: GroupId): IndexedRow[] {
    return this.#byGroup.get(groupId) ?? [];
  }

  #rowsIn(state: SessionStateName): Set<IndexedRow> {
    const known = this.#byState.get(state);
    if (known) return known;
    const rows = new Set<IndexedRow>();
    this.#byState.set(state, rows);
    return rows;
  }

  #move(row: IndexedRow, next: Session): void {
    if (row.session.state === next.state) return;
    this.#rowsIn(row.session.state).delete(row);
    this.#rowsIn(next.state).add(row);
    this.#count(row.session, -1);
    this.#count(next, 1);
  }

  #count({ state, request: { tenantId } }: Session, by: number): void {
    if (state !== 'ended') this.#openOf.set(tenantId, this.openOf(tenantId) + by);
  }
}

const keyOf = (tenantId: TenantId, key: string): string => `${tenantId}\n${key}`;

class IndexedRow implements SessionRow {
  readonly events: SessionEvent[];
  readonly idempotency: IdempotencyRecord | undefined;
  #session: Session;
  readonly #onChange: (row: IndexedRow, next: Session) => void;

  constructor(
    session: Session,
    events: SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
    onChange: (row: IndexedRow, next: Session) => void,
  ) {
    this.events = events;
    this.idempotency = idempotency;
    this.#session = session;
    this.#onChange = onChange;
  }

  get session(): Session {
    return this.#session;
  }

  set session(next: Session) {
    this.#onChange(this, next);
    this.#session = next;
  }
}
