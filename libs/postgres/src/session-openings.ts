// L3. A session, its first events, its idempotency key and its place in the tenant's quota are one statement, and the
// opens of many callers share it: each is answered after its commit. What such a batch does not store is tried alone,
// so that nobody fails, or is told of a full quota, because of somebody else.
import {
  StoreUnavailable,
  type BeforeOpen,
  type IdempotencyRecord,
  type NewSession,
  type QuotaExceeded,
} from '@meridian/application';
import type { Session, TenantId } from '@meridian/domain';
import { Batches } from './batches.ts';
import type { Database } from './database.ts';
import { timestamp } from './session-rows.ts';
import { BEFORE_OPEN, CREATE, EARLIER, givenRows } from './session-statements.ts';
import { isDuplicate } from './store-error.ts';

/** Sessions that are stored together or not at all: one, or a group. */
export interface Opening {
  readonly members: readonly NewSession[];
  readonly idempotency: IdempotencyRecord | undefined;
  /** Most sessions that the tenant may have open then; undefined: any number. */
  readonly maxOpen: number | undefined;
}

export type OpeningOutcome =
  | { readonly kind: 'created' }
  /** An id or the key was used before, for this session (of a group: one of its members). */
  | { readonly kind: 'earlier'; readonly session: Session; readonly requestHash: string }
  | QuotaExceeded;

interface Asked {
  readonly tenantId: TenantId;
  readonly key: string | undefined;
}

interface EarlierRow {
  readonly folded: Session;
  readonly request_hash: string | null;
}

const READS = { lanes: 2, sizeMax: 100, waitingMax: 2_000 };
/**
 * One at a time: a second would wait for the tenant's row until the first has committed, and be smaller for it. More
 * may wait than get past the read before it, so that nobody is refused who holds a slot already.
 */
const WRITES = { lanes: 1, sizeMax: 128, waitingMax: 4_000 };

export class SessionOpenings {
  readonly #database: Database;
  readonly #reads: Batches<Asked, BeforeOpen>;
  readonly #writes: Batches<Opening, OpeningOutcome>;

  constructor(database: Database) {
    this.#database = database;
    this.#reads = new Batches((asked) => this.#readAll(asked), READS);
    this.#writes = new Batches((openings) => this.#createAll(openings), WRITES);
  }

  before(tenantId: TenantId, key: string | undefined): Promise<BeforeOpen> {
    return this.#reads.add({ tenantId, key });
  }

  create(opening: Opening): Promise<OpeningOutcome> {
    return this.#writes.add(opening);
  }

  async #readAll(asked: readonly Asked[]): Promise<PromiseSettledResult<BeforeOpen>[]> {
    const given = JSON.stringify(asked.map(({ tenantId, key = null }) => ({ tenant_id: tenantId, key })));
    const { rows } = await this.#database.prepared<BeforeRow>('before-open', BEFORE_OPEN, [given]);
    return rows.map((row) => ({ status: 'fulfilled', value: beforeFrom(row) }));
  }

  async #createAll(openings: readonly Opening[]): Promise<PromiseSettledResult<OpeningOutcome>[]> {
    const stored = openings.length > 1 ? await this.#storeTogether(openings) : new Set<Opening>();
    return Promise.allSettled(
      openings.map(async (opening) =>
        stored.has(opening) ? ({ kind: 'created' } as const) : this.#createAlone(opening),
      ),
    );
  }

  /** Those that were stored. One that the database refuses takes the others of its statement with it: then none. */
  async #storeTogether(openings: readonly Opening[]): Promise<ReadonlySet<Opening>> {
    const distinct = [
      ...new Map(openings.map((opening) => [firstOf(opening).request.sessionId, opening])).values(),
    ];
    try {
      return await this.#store(distinct);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      return new Set();
    }
  }

  async #createAlone(opening: Opening): Promise<OpeningOutcome> {
    let refusal: unknown;
    try {
      if ((await this.#store([opening])).has(opening)) return { kind: 'created' };
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      refusal = error;
    }
    const earlier = await this.#findEarlier(opening);
    if (earlier) return earlier;
    if (refusal) throw refusal;
    const { open } = await this.before(firstOf(opening).request.tenantId, undefined);
    return { kind: 'quota_exceeded', open };
  }

  async #store(openings: readonly Opening[]): Promise<ReadonlySet<Opening>> {
    const { rows } = await this.#database.prepared<{ opening: number }>('create-sessions', CREATE, [
      ...givenRows(openings.flatMap(({ members }) => members)),
      JSON.stringify(openings.map(openingRow)),
      [...new Set(openings.map((opening) => firstOf(opening).request.tenantId))],
    ]);
    const numbers = new Set(rows.map(({ opening }) => opening));
    return new Set(openings.filter((_opening, number) => numbers.has(number)));
  }

  async #findEarlier(opening: Opening): Promise<OpeningOutcome | undefined> {
    const { tenantId, sessionId } = firstOf(opening).request;
    const asked = [tenantId, sessionId, opening.idempotency?.key ?? null];
    const { rows } = await this.#database.query<EarlierRow>(EARLIER, asked);
    return rows[0] && { kind: 'earlier', session: rows[0].folded, requestHash: rows[0].request_hash ?? '' };
  }
}

interface BeforeRow {
  readonly open_sessions: number | null;
  readonly folded: Session | null;
  readonly request_hash: string | null;
}

const beforeFrom = ({ open_sessions: open, folded, request_hash: requestHash }: BeforeRow): BeforeOpen => ({
  open: open ?? 0,
  ...(folded ? { earlier: { session: folded, requestHash: requestHash ?? '' } } : {}),
});

const firstOf = ({ members: [first] }: Opening): Session => {
  if (!first) throw new Error('an opening has a session');
  return first.session;
};

const openingRow = (opening: Opening, number: number) => ({
  opening: number,
  session_ids: opening.members.map(({ session }) => session.request.sessionId),
  tenant_id: firstOf(opening).request.tenantId,
  size: opening.members.length,
  max_open: opening.maxOpen ?? null,
  key: opening.idempotency?.key ?? null,
  request_hash: opening.idempotency?.requestHash ?? null,
  created_at: timestamp(firstOf(opening).createdAtMs),
});
