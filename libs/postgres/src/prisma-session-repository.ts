// S1. Reads for tenants name the tenant. L3. A session, its first events and its idempotency key are one statement.
// D1 of concurrency: an append names the number of events it was decided on; whoever is second changes nothing.
import type {
  CreateOutcome,
  IdempotencyRecord,
  SessionPage,
  SessionRepository,
  StoredEvent,
} from '@meridian/application';
import { SESSION_STATES } from '@meridian/domain';
import type {
  MeterReading,
  Session,
  SessionEvent,
  SessionId,
  SessionStateName,
  TenantId,
} from '@meridian/domain';
import type { Database, Runner } from './database.ts';
import { closeMeters } from './meters.ts';
import { pageAfter, pageFrom } from './session-pages.ts';
import { timestamp } from './session-rows.ts';
import { APPEND, CREATE, givenRows } from './session-statements.ts';
import { isDuplicate } from './store-error.ts';

const OPEN_STATES = SESSION_STATES.filter((state) => state !== 'ended');

interface Found {
  readonly folded: Session;
  readonly request_hash: string | null;
}

export class PrismaSessionRepository implements SessionRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(
    session: Session,
    events: readonly SessionEvent[],
    idempotency: IdempotencyRecord | undefined,
  ): Promise<CreateOutcome> {
    const { sessionId, tenantId } = session.request;
    const keys = idempotency === undefined ? [] : [keyRow(session, idempotency)];
    try {
      await this.#database.query(CREATE, [...givenRows(session, events), JSON.stringify(keys)]);
      return { kind: 'created' };
    } catch (error) {
      const earlier = isDuplicate(error) && (await this.#findEarlier(tenantId, sessionId, idempotency?.key));
      if (!earlier) throw error;
      return { kind: 'exists', session: earlier.folded, requestHash: earlier.request_hash ?? '' };
    }
  }

  async append(
    session: Session,
    events: readonly SessionEvent[],
    expectedEventCount: number,
    finalReading?: MeterReading,
  ): Promise<boolean> {
    const move = (runner: Runner) =>
      runner.query(APPEND, [...givenRows(session, events), expectedEventCount]);
    const closes =
      finalReading !== undefined || events.some(({ type }) => type === 'ended' || type === 'migrated');
    if (!closes) return (await move(this.#database)).rows.length === 1;
    return this.#database.transaction(async (runner) => {
      const isFirst = (await move(runner)).rows.length === 1;
      if (isFirst) await closeMeters(runner, session, finalReading);
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

  async findByIdempotencyKey(
    tenantId: TenantId,
    key: string,
  ): Promise<{ readonly session: Session; readonly requestHash: string } | undefined> {
    const found = await this.#database.rows((prisma) =>
      prisma.idempotencyKey.findUnique({
        where: { tenantId_key: { tenantId, key } },
        include: { session: true },
      }),
    );
    return found === null ? undefined : { session: sessionOf(found.session), requestHash: found.requestHash };
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

  async listQueued(limit: number): Promise<readonly Session[]> {
    const rows = await this.#database.rows((prisma) =>
      prisma.session.findMany({ where: { state: 'queued' }, orderBy: { createdAt: 'asc' }, take: limit }),
    );
    return rows.map(sessionOf);
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

  async listEndedSince(sinceMs: number, limit: number): Promise<readonly Session[]> {
    const rows = await this.#database.rows((prisma) =>
      prisma.session.findMany({
        where: { endedAt: { gte: new Date(sinceMs) } },
        orderBy: { endedAt: 'desc' },
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

  async #findEarlier(
    tenantId: TenantId,
    sessionId: SessionId,
    key: string | undefined,
  ): Promise<Found | undefined> {
    const { rows } = await this.#database.query<Found>(
      `SELECT s.folded, k.request_hash
       FROM sessions s LEFT JOIN idempotency_keys k ON k.session_id = s.session_id AND k.tenant_id = s.tenant_id
       WHERE s.tenant_id = $1 AND (s.session_id = $2 OR k.key = $3)
       ORDER BY s.session_id = $2 DESC LIMIT 1`,
      [tenantId, sessionId, key ?? null],
    );
    return rows[0];
  }
}

const keyRow = ({ request, createdAtMs }: Session, { key, requestHash }: IdempotencyRecord) => ({
  tenant_id: request.tenantId,
  key,
  request_hash: requestHash,
  session_id: request.sessionId,
  created_at: timestamp(createdAtMs),
});

const sessionOf = ({ folded }: { readonly folded: unknown }): Session => folded as Session;

const foldedOf = (row: { readonly folded: unknown } | null): Session | undefined =>
  row === null ? undefined : sessionOf(row);
