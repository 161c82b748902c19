import type {
  CreateOutcome,
  IdempotencyRecord,
  SessionPage,
  SessionRepository,
  StoredEvent,
} from '@meridian/application';
import type {
  MeterReading,
  Session,
  SessionEvent,
  SessionId,
  SessionStateName,
  TenantId,
} from '@meridian/domain';
import type { FakeRecord, SessionRow } from './fake-record.ts';
import { meterKey } from './meter-key.ts';

export class FakeSessionRepository implements SessionRepository {
  readonly #record: FakeRecord;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  create(
    session: Session,
    events: readonly SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
  ): Promise<CreateOutcome> {
    const { tenantId, sessionId } = session.request;
    return this.#record.do((): CreateOutcome => {
      const row = this.#record.rows.get(sessionId) ?? this.#byKey(tenantId, idempotency?.key);
      if (row) {
        return { kind: 'exists', session: row.session, requestHash: row.idempotency?.requestHash ?? '' };
      }
      this.#record.rows.set(sessionId, { session, events: [...events], idempotency });
      this.#record.openMeters(session, events);
      return { kind: 'created' };
    });
  }

  append(
    session: Session,
    events: readonly SessionEvent[],
    expectedEventCount: number,
    finalReading?: MeterReading,
  ): Promise<boolean> {
    return this.#record.do(() => {
      const row = this.#record.rows.get(session.request.sessionId);
      if (row?.events.length !== expectedEventCount) return false;
      row.events.push(...events);
      row.session = session;
      this.#record.openMeters(session, events);
      for (const meter of this.#record.metersOf(session.request.sessionId)) {
        const reading = finalReading && meterKey(finalReading) === meterKey(meter) ? finalReading : undefined;
        if (reading || session.state === 'ended') this.#record.cut(meter, reading);
      }
      return true;
    });
  }

  find(sessionId: SessionId): Promise<Session | undefined> {
    return this.#record.do(() => this.#record.rows.get(sessionId)?.session);
  }

  async findForTenant(tenantId: TenantId, sessionId: SessionId): Promise<Session | undefined> {
    const session = await this.find(sessionId);
    return session?.request.tenantId === tenantId ? session : undefined;
  }

  findByIdempotencyKey(
    tenantId: TenantId,
    key: string,
  ): Promise<{ readonly session: Session; readonly requestHash: string } | undefined> {
    return this.#record.do(() => {
      const row = this.#byKey(tenantId, key);
      return row && { session: row.session, requestHash: row.idempotency?.requestHash ?? '' };
    });
  }

  list(
    tenantId: TenantId,
    { state, limit, cursor }: { readonly state?: string; readonly limit: number; readonly cursor?: string },
  ): Promise<SessionPage> {
    return this.#record.do(() => {
      const mine = this.#all()
        .filter((session) => session.request.tenantId === tenantId)
        .filter((session) => state === undefined || session.state === state)
        .sort(
          (a, b) => b.createdAtMs - a.createdAtMs || (a.request.sessionId < b.request.sessionId ? 1 : -1),
        );
      const from = cursor === undefined ? 0 : mine.findIndex((s) => s.request.sessionId === cursor) + 1;
      const sessions = mine.slice(from, from + limit);
      const last = sessions.at(-1);
      const more = last !== undefined && from + limit < mine.length;
      return { sessions, ...(more ? { nextCursor: last.request.sessionId } : {}) };
    });
  }

  events(sessionId: SessionId, afterNumber: number): Promise<readonly StoredEvent[]> {
    return this.#record.do(() =>
      (this.#record.rows.get(sessionId)?.events ?? [])
        .map((event, i) => ({ number: i + 1, event }))
        .slice(afterNumber),
    );
  }

  listQueued(limit: number): Promise<readonly Session[]> {
    return this.#record.do(() =>
      this.#all()
        .filter((session) => session.state === 'queued')
        .sort((a, b) => a.createdAtMs - b.createdAtMs)
        .slice(0, limit),
    );
  }

  listStale(states: readonly string[], beforeMs: number, limit: number): Promise<readonly Session[]> {
    return this.#record.do(() =>
      this.#all()
        .filter((session) => states.includes(session.state) && session.updatedAtMs < beforeMs)
        .sort((a, b) => a.updatedAtMs - b.updatedAtMs)
        .slice(0, limit),
    );
  }

  listEndedSince(sinceMs: number, limit: number): Promise<readonly Session[]> {
    return this.#record.do(() =>
      this.#all()
        .filter((session) => (session.endedAtMs ?? -1) >= sinceMs)
        .sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))
        .slice(0, limit),
    );
  }

  countByState(): Promise<Readonly<Partial<Record<SessionStateName, number>>>> {
    return this.#record.do(() => {
      const open = this.#all().filter((session) => session.state !== 'ended');
      const groups = [...Map.groupBy(open, (session) => session.state)];
      return Object.fromEntries(groups.map(([state, sessions]) => [state, sessions.length]));
    });
  }

  countOpen(tenantId: TenantId): Promise<number> {
    return this.#record.do(
      () => this.#all().filter((s) => s.request.tenantId === tenantId && s.state !== 'ended').length,
    );
  }

  #all(): Session[] {
    return [...this.#record.rows.values()].map((row) => row.session);
  }

  #byKey(tenantId: TenantId, key: string | undefined): SessionRow | undefined {
    if (key === undefined) return undefined;
    return [...this.#record.rows.values()].find(
      (row) => row.idempotency?.key === key && row.session.request.tenantId === tenantId,
    );
  }
}
