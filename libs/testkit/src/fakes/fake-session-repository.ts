import type {
  BeforeOpen,
  CreateGroupOutcome,
  CreateOutcome,
  IdempotencyRecord,
  NewSession,
  SessionPage,
  SessionRepository,
  StoredEvent,
} from '@meridian/application';
import {
  SESSION_STATES,
  type GroupId,
  type MeterReading,
  type Session,
  type SessionEvent,
  type SessionId,
  type SessionStateName,
  type TenantId,
} from '@meridian/domain';
import type { FakeRecord } from './fake-record.ts';
import { meterKey } from './meter-key.ts';
import type { SessionRow } from './session-rows.ts';

export class FakeSessionRepository implements SessionRepository {
  readonly #record: FakeRecord;

  constructor(record: FakeRecord) {
    this.#record = record;
  }

  async create(
    session: Session,
    events: readonly SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
    maxOpen?: number,
  ): Promise<CreateOutcome> {
    const outcome = await this.createGroup([{ session, events }], idempotency, maxOpen);
    if (outcome.kind !== 'exists') return outcome;
    const { sessions, requestHash } = outcome;
    return { kind: 'exists', session: sessions[0] ?? session, requestHash };
  }

  createGroup(
    members: readonly NewSession[],
    idempotency: IdempotencyRecord | undefined,
    maxOpen = Infinity,
  ): Promise<CreateGroupOutcome> {
    return this.#record.do((): CreateGroupOutcome => {
      const [first] = members;
      if (!first) return { kind: 'created' };
      const { tenantId, groupId } = first.session.request;
      const taken = members.map(({ session }) => this.#record.rows.get(session.request.sessionId));
      const earlier = taken.find((row) => row !== undefined) ?? this.#byKey(tenantId, idempotency?.key);
      if (earlier) {
        const sessions = groupId === undefined ? [earlier.session] : this.#group(tenantId, groupId);
        return { kind: 'exists', sessions, requestHash: earlier.idempotency?.requestHash ?? '' };
      }
      const open = this.#open(tenantId);
      if (open + members.length > maxOpen) return { kind: 'quota_exceeded', open };
      for (const { session, events } of members) {
        const key = session === first.session ? idempotency : undefined;
        this.#record.rows.set(session.request.sessionId, { session, events: [...events], idempotency: key });
        this.#record.openMeters(session, events);
      }
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
        const isApplied = reading !== undefined && this.#record.take(reading) === 'applied';
        if (session.state === 'ended' && !isApplied) this.#record.cut(meter, undefined);
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

  beforeOpen(tenantId: TenantId, key: string | undefined): Promise<BeforeOpen> {
    return this.#record.do(() => {
      const row = this.#byKey(tenantId, key);
      const earlier = row && { session: row.session, requestHash: row.idempotency?.requestHash ?? '' };
      return { ...(earlier ? { earlier } : {}), open: this.#open(tenantId) };
    });
  }

  findGroup(tenantId: TenantId, groupId: GroupId): Promise<readonly Session[]> {
    return this.#record.do(() => this.#group(tenantId, groupId));
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

  listStale(states: readonly string[], beforeMs: number, limit: number): Promise<readonly Session[]> {
    return this.#record.do(() =>
      this.#record.rows
        .inStates(states)
        .filter((session) => session.updatedAtMs < beforeMs)
        .sort((a, b) => a.updatedAtMs - b.updatedAtMs)
        .slice(0, limit),
    );
  }

  countByState(): Promise<Readonly<Partial<Record<SessionStateName, number>>>> {
    return this.#record.do(() => {
      const counts = SESSION_STATES.map((state) => [state, this.#record.rows.countIn(state)] as const);
      return Object.fromEntries(counts.filter(([state, count]) => state !== 'ended' && count > 0));
    });
  }

  countOpen(tenantId: TenantId): Promise<number> {
    return this.#record.do(() => this.#open(tenantId));
  }

  #all(): Session[] {
    return [...this.#record.rows.values()].map((row) => row.session);
  }

  #open(tenantId: TenantId): number {
    return this.#record.rows.openOf(tenantId);
  }

  #group(tenantId: TenantId, groupId: GroupId): readonly Session[] {
    return this.#record.rows
      .ofGroup(groupId)
      .map((row) => row.session)
      .filter(({ request }) => request.tenantId === tenantId)
      .sort((a, b) => (a.request.sessionId < b.request.sessionId ? -1 : 1));
  }

  #byKey(tenantId: TenantId, key: string | undefined): SessionRow | undefined {
    return key === undefined ? undefined : this.#record.rows.byKey(tenantId, key);
  }
}
