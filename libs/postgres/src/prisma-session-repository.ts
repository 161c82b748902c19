// S1. Reads for tenants name the tenant.
// D1 of concurrency: an append names the number of events it was decided on; whoever is second changes nothing.
import type {
  BeforeOpen,
  Clock,
  CreateGroupOutcome,
  CreateOutcome,
  IdempotencyRecord,
  NewSession,
  SessionPage,
  SessionRepository,
  StoredEvent,
} from '@meridian/application';
import { SESSION_STATES } from '@meridian/domain';
import type {
  GroupId,
  MeterReading,
  Session,
  SessionEvent,
  SessionId,
  SessionStateName,
  TenantId,
} from '@meridian/domain';
import type { Database, Runner } from './database.ts';
import { closeMeters } from './metering/meters.ts';
import { pageAfter, pageFrom } from './session-pages.ts';
import { SessionOpenings } from './session-openings.ts';
import { APPEND, givenRows } from './session-statements.ts';

const OPEN_STATES = SESSION_STATES.filter((state) => state !== 'ended');

export class PrismaSessionRepository implements SessionRepository {
  readonly #database: Database;
  readonly #openings: SessionOpenings;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock = { nowMs: () => Date.now() }) {
    this.#database = database;
    this.#clock = clock;
    this.#openings = new SessionOpenings(database);
  }

  beforeOpen(tenantId: TenantId, key: string | undefined): Promise<BeforeOpen> {
    return this.#openings.before(tenantId, key);
  }

  async create(
    session: Session,
    events: readonly SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
    maxOpen?: number,
  ): Promise<CreateOutcome> {
    const outcome = await this.#openings.create({ members: [{ session, events }], idempotency, maxOpen });
    if (outcome.kind !== 'earlier') return outcome;
    return { kind: 'exists', session: outcome.session, requestHash: outcome.requestHash };
  }

  async createGroup(
    members: readonly NewSession[],
    idempotency: IdempotencyRecord | undefined,
    maxOpen?: number,
  ): Promise<CreateGroupOutcome> {
    const outcome = await this.#openings.create({ members, idempotency, maxOpen });
    if (outcome.kind !== 'earlier') return outcome;
    const { session, requestHash } = outcome;
    const { groupId, tenantId } = session.request;
    const sessions = groupId === undefined ? [session] : await this.findGroup(tenantId, groupId);
    return { kind: 'exists', sessions, requestHash };
  }

  async append(
    session: Session,
    events: readonly SessionEvent[],
    expectedEventCount: number,
    finalReading?: MeterReading,
  ): Promise<boolean> {
    const move = (runner: Runner) =>
      runner.query(APPEND, [...givenRows([{ session, events }]), expectedEventCount]);
    const closes = finalReading !== undefined || session.state === 'ended';
    if (!closes) return (await move(this.#database)).rows.length === 1;
    return this.#database.transaction(async (runner) => {
      const isFirst = (await move(runner)).rows.length === 1;
      if (isFirst) await closeMeters(runner, session, finalReading, this.#clock.nowMs());
      return isFirst;
    });
  }

  async find(sessionId: SessionId): Promise<Session | undefined> {
    return foldedOf(
      await this.#database.rows((prisma) => prisma.session.findUnique({ where: { sessionId } })),
    );
  }

  async findForTenant(tenantId: TenantId, sessionId: SessionId): Promise<Session | undefined> {
    return foldedOf(
      await this.#database.rows((prisma) => prisma.session.findUnique({ where: { sessionId, tenantId } })),
    );
  }

  async findGroup(tenantId: TenantId, groupId: GroupId): Promise<readonly Session[]> {
    const rows = await this.#database.rows((prisma) =>
      prisma.session.findMany({ where: { tenantId, groupId }, orderBy: { sessionId: 'asc' } }),
    );
    return rows.map(sessionOf);
  }

  async list(
    tenantId: TenantId,
    { state, limit, cursor }: { readonly state?: string; readonly limit: number; readonly cursor?: string },
  ): Promise<SessionPage> {
    const rows = await this.#database.rows((prisma) =>
      prisma.session.findMany({
        where: { tenantId, ...(state === undefined ? {} : { state }), ...pageAfter(cursor) },
        orderBy: [{ createdAt: 'desc' }, { sessionId: 'desc' }],
        take: limit + 1,
      }),
    );
    return pageFrom(rows.map(sessionOf), limit);
  }

  async events(sessionId: SessionId, afterNumber: number): Promise<readonly StoredEvent[]> {
    const rows = await this.#database.rows((prisma) =>
      prisma.sessionEvent.findMany({
        where: { sessionId, number: { gt: afterNumber } },
        orderBy: { number: 'asc' },
      }),
    );
    return rows.map(({ number, event }) => ({ number, event: event as unknown as SessionEvent }));
  }

  async listStale(states: readonly string[], beforeMs: number, limit: number): Promise<readonly Session[]> {
    const rows = await this.#database.rows((prisma) =>
      prisma.session.findMany({
        where: { state: { in: [...states] }, updatedAt: { lt: new Date(beforeMs) } },
        orderBy: { updatedAt: 'asc' },
        take: limit,
      }),
    );
    return rows.map(sessionOf);
  }

  async countByState(): Promise<Readonly<Partial<Record<SessionStateName, number>>>> {
    const groups = await this.#database.rows((prisma) =>
      prisma.session.groupBy({ by: ['state'], where: { state: { in: OPEN_STATES } }, _count: true }),
    );
    return Object.fromEntries(groups.map(({ state, _count }) => [state, _count]));
  }

  async countOpen(tenantId: TenantId): Promise<number> {
    return this.#database.rows((prisma) =>
      prisma.session.count({ where: { tenantId, state: { in: OPEN_STATES } } }),
    );
  }
}

const sessionOf = ({ folded }: { readonly folded: unknown }): Session => folded as Session;

const foldedOf = (row: { readonly folded: unknown } | null): Session | undefined =>
  row === null ? undefined : sessionOf(row);
