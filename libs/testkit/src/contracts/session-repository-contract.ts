// S1. Reads for tenants are scoped by tenant. L3. A session and its idempotency key are stored together or not at all.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewSession } from '@meridian/application';
import {
  decide,
  evolveAll,
  type GroupId,
  type Session,
  type SessionCommand,
  type SessionRequest,
} from '@meridian/domain';
import {
  aSession,
  aTenant,
  end,
  enqueue,
  epoch,
  observe,
  reserve,
  sessionId,
  tenantId,
} from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10);
const ACME = tenantId('acme');
const OTHER = tenantId('other');

/** What every session repository does. Call it in a `describe`; `open` gives an empty record. */
export function sessionRepositoryContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant({ tenantId: ACME }));
    await record.tenants.createTenant(aTenant({ tenantId: OTHER, name: 'Other' }));
  });
  afterEach(() => record.close());

  const created = async (
    request: Partial<SessionRequest>,
    atMs: number,
    commands: readonly SessionCommand[],
    key?: string,
  ): Promise<Session> => {
    const { session, events } = aSession(request, atMs, ...commands);
    const idempotency = key === undefined ? undefined : { key, requestHash: `hash of ${key}` };
    expect(await record.sessions.create(session, events, idempotency)).toEqual({ kind: 'created' });
    return session;
  };
  const appended = async (session: Session, command: SessionCommand): Promise<Session> => {
    const events = decide(command, session);
    const next = evolveAll(session, events);
    expect(await record.sessions.append(next, events, session.eventCount)).toBe(true);
    return next;
  };

  it('finds a session as it was stored, with all that was asked for', async () => {
    const request = {
      ...{ modelVersion: '1.0.0', residency: 'us', maxRttMs: 80, traceId: 'ab'.repeat(16) },
      metadata: { room: 'blue', ключ: 'значение' },
    };
    const session = await created(request, T0, [reserve(T0)]);
    expect(await record.sessions.find(sessionId(1))).toEqual(session);
    expect(await record.sessions.find(sessionId('nobody'))).toBeUndefined();
  });

  it('finds it through its tenant only (S1)', async () => {
    await created({ tenantId: ACME }, T0, [enqueue(T0)], 'key');
    expect(await record.sessions.findForTenant(ACME, sessionId(1))).toBeDefined();
    expect(await record.sessions.findForTenant(OTHER, sessionId(1))).toBeUndefined();
    expect(await record.sessions.beforeOpen(OTHER, 'key')).toEqual({ open: 0 });
    expect((await record.sessions.list(OTHER, { limit: 10 })).sessions).toEqual([]);
  });

  it('answers with the earlier session when its id or key exists (L3)', async () => {
    const first = await created({ sessionId: sessionId(1) }, T0, [reserve(T0)], 'key');
    const again = aSession({ sessionId: sessionId(1) }, T0 + 5, enqueue(T0 + 5));
    const idempotency = { key: 'key', requestHash: 'another' };
    expect(await record.sessions.create(again.session, again.events, idempotency)).toEqual({
      ...{ kind: 'exists', session: first, requestHash: 'hash of key' },
    });
    expect(await record.sessions.beforeOpen(ACME, 'key')).toEqual({
      ...{ earlier: { session: first, requestHash: 'hash of key' }, open: 1 },
    });
    expect(await record.sessions.events(sessionId(1), 0)).toHaveLength(1);
  });

  it('lets two tenants use the same key', async () => {
    await created({ sessionId: sessionId(1), tenantId: ACME }, T0, [enqueue(T0)], 'key');
    await created({ sessionId: sessionId(2), tenantId: OTHER }, T0, [enqueue(T0)], 'key');
    expect((await record.sessions.beforeOpen(OTHER, 'key')).earlier?.session.request.sessionId).toBe(
      sessionId(2),
    );
  });

  it('stores one of two that open with one key at once, and answers the other with it (L3)', async () => {
    const { session, events } = aSession({}, T0, reserve(T0));
    const outcomes = await Promise.all(
      ['one', 'other'].map((requestHash) =>
        record.sessions.create(session, events, { key: 'key', requestHash }),
      ),
    );
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['created', 'exists']);
    const winner = outcomes[0]?.kind === 'created' ? 'one' : 'other';
    expect(outcomes).toContainEqual({ kind: 'exists', session, requestHash: winner });
    expect(await record.sessions.events(sessionId(1), 0)).toHaveLength(1);
    expect(await record.sessions.countOpen(ACME)).toBe(1);
  });

  it('never has more open than a tenant may, however many open at once', async () => {
    const openings = Array.from({ length: 30 }, (_, i) =>
      aSession({ sessionId: sessionId(i) }, T0, reserve(T0)),
    );
    const others = Array.from({ length: 5 }, (_, i) =>
      aSession({ sessionId: sessionId(100 + i), tenantId: OTHER }, T0, enqueue(T0)),
    );
    const create = (maxOpen: number) => (opening: (typeof openings)[number]) =>
      record.sessions.create(opening.session, opening.events, undefined, maxOpen);
    const [mine, theirs] = await Promise.all([
      Promise.all(openings.map(create(7))),
      Promise.all(others.map(create(5))),
    ]);
    expect(mine.filter(({ kind }) => kind === 'created')).toHaveLength(7);
    expect(mine.filter(({ kind }) => kind !== 'created')).toContainEqual({ kind: 'quota_exceeded', open: 7 });
    expect(theirs.every(({ kind }) => kind === 'created')).toBe(true);
    expect(await record.sessions.countOpen(ACME)).toBe(7);
    expect((await record.sessions.list(ACME, { limit: 100 })).sessions).toHaveLength(7);
  });

  it('gives a session’s place in the quota back once, however it ends and however often', async () => {
    const reserved = await created({ sessionId: sessionId(1) }, T0, [reserve(T0)]);
    const queued = await created({ sessionId: sessionId(2) }, T0, [enqueue(T0)]);
    const ends = [reserved, queued, reserved].map(async (session, i) => {
      const events = decide(end(T0 + i), session);
      return record.sessions.append(evolveAll(session, events), events, session.eventCount);
    });
    expect((await Promise.all(ends)).filter(Boolean)).toHaveLength(2);
    expect(await record.sessions.beforeOpen(ACME, undefined)).toEqual({ open: 0 });
    const next = aSession({ sessionId: sessionId(3) }, T0, reserve(T0));
    const full = aSession({ sessionId: sessionId(4) }, T0, reserve(T0));
    expect(await record.sessions.create(next.session, next.events, undefined, 1)).toEqual({
      kind: 'created',
    });
    expect(await record.sessions.create(full.session, full.events, undefined, 1)).toEqual({
      ...{ kind: 'quota_exceeded', open: 1 },
    });
  });

  it('answers with the earlier session though the tenant has all it may', async () => {
    const first = await created({}, T0, [reserve(T0)], 'key');
    const again = aSession({}, T0 + 5, reserve(T0 + 5));
    const idempotency = { key: 'key', requestHash: 'hash of key' };
    expect(await record.sessions.create(again.session, again.events, idempotency, 1)).toEqual({
      ...{ kind: 'exists', session: first, requestHash: 'hash of key' },
    });
  });

  describe('a group', () => {
    const aGroup = (name: string, from: number, size = 3): NewSession[] =>
      Array.from({ length: size }, (_, i) =>
        aSession({ sessionId: sessionId(from + i), groupId: name as GroupId }, T0, reserve(T0)),
      );
    const idempotency = { key: 'key', requestHash: 'hash' };

    it('is stored whole, and found again by its key', async () => {
      const members = aGroup('grp_a', 1);
      expect(await record.sessions.createGroup(members, idempotency)).toEqual({ kind: 'created' });
      const sessions = members.map(({ session }) => session);
      expect(await record.sessions.findGroup(ACME, 'grp_a' as GroupId)).toEqual(sessions);
      expect(await record.sessions.findGroup(OTHER, 'grp_a' as GroupId)).toEqual([]);
      expect(await record.sessions.createGroup(aGroup('grp_a', 1), idempotency)).toEqual({
        ...{ kind: 'exists', sessions, requestHash: 'hash' },
      });
      expect((await record.sessions.beforeOpen(ACME, 'key')).earlier?.session).toEqual(sessions[0]);
      expect(await record.sessions.events(sessionId(3), 0)).toHaveLength(1);
    });

    it('is not stored at all where it is larger than what the tenant may have', async () => {
      await created({ sessionId: sessionId(50) }, T0, [enqueue(T0)]);
      const outcomes = await Promise.all(
        [1, 11, 21].map((from) => record.sessions.createGroup(aGroup(`grp_${from}`, from), undefined, 5)),
      );
      expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
        'created',
        'quota_exceeded',
        'quota_exceeded',
      ]);
      expect(await record.sessions.countOpen(ACME)).toBe(4);
    });

    it('is not stored at all where one of its sessions is there already', async () => {
      await created({ sessionId: sessionId(2) }, T0, [enqueue(T0)]);
      const outcome = await record.sessions
        .createGroup(aGroup('grp_a', 1), idempotency)
        .catch(() => 'failed');
      expect(outcome).not.toEqual({ kind: 'created' });
      expect(await record.sessions.findGroup(ACME, 'grp_a' as GroupId)).toEqual([]);
      expect(await record.sessions.beforeOpen(ACME, 'key')).toEqual({ open: 1 });
    });
  });

  it('appends events and keeps their order', async () => {
    const reserved = await created({}, T0, [reserve(T0)]);
    const active = await appended(reserved, observe(T0 + 100, 'active'));
    expect(await record.sessions.find(sessionId(1))).toEqual(active);
    const events = await record.sessions.events(sessionId(1), 1);
    expect(events.map(({ number, event }) => [number, event.type])).toEqual([
      [2, 'connecting'],
      [3, 'active'],
    ]);
    expect((await record.sessions.events(sessionId(1), 0))[0]?.event).toMatchObject({
      ...{ type: 'reserved', atMs: T0, claimByMs: T0 + 60_000 },
    });
  });

  it('lets one of two who append at once be first', async () => {
    const reserved = await created({}, T0, [reserve(T0)]);
    const ends = [T0 + 1, T0 + 2].map((atMs) => decide(end(atMs), reserved));
    const outcomes = await Promise.all(
      ends.map((events) => record.sessions.append(evolveAll(reserved, events), events, reserved.eventCount)),
    );
    expect(outcomes.toSorted()).toEqual([false, true]);
    expect(await record.sessions.events(sessionId(1), 0)).toHaveLength(2);
  });

  it('keeps how a session ended', async () => {
    const reserved = await created({}, T0, [reserve(T0)]);
    await appended(reserved, {
      type: 'end',
      atMs: T0 + 9,
      reason: 'model_failed',
      detail: 'NaN in the state',
    });
    expect(await record.sessions.find(sessionId(1))).toMatchObject({
      ...{ state: 'ended', endedAtMs: T0 + 9, endReason: 'model_failed', endDetail: 'NaN in the state' },
    });
  });

  it('lists a page at a time, newest first, by state', async () => {
    for (const i of [1, 2, 3]) await created({ sessionId: sessionId(i) }, T0 + i, [enqueue(T0 + i)]);
    await created({ sessionId: sessionId(4) }, T0 + 4, [reserve(T0 + 4)]);
    const ids = (page: { sessions: readonly Session[] }) => page.sessions.map((s) => s.request.sessionId);
    const first = await record.sessions.list(ACME, { state: 'queued', limit: 2 });
    expect(ids(first)).toEqual([sessionId(3), sessionId(2)]);
    const cursor = first.nextCursor ?? '';
    const second = await record.sessions.list(ACME, { state: 'queued', limit: 2, cursor });
    expect(ids(second)).toEqual([sessionId(1)]);
    expect(second.nextCursor).toBeUndefined();
    expect(ids(await record.sessions.list(ACME, { limit: 10 }))).toHaveLength(4);
  });

  it('lists what has not changed for a while, oldest first', async () => {
    for (const i of [2, 1, 9]) await created({ sessionId: sessionId(i) }, T0 + i, [reserve(T0 + i)]);
    await created({ sessionId: sessionId(3) }, T0, [enqueue(T0)]);
    const stale = await record.sessions.listStale(['reserved', 'held'], T0 + 5, 10);
    expect(stale.map((s) => s.request.sessionId)).toEqual([1, 2].map(sessionId));
  });

  it('counts what is open', async () => {
    const reserved = await created({ sessionId: sessionId(1) }, T0, [reserve(T0)]);
    await created({ sessionId: sessionId(2) }, T0, [enqueue(T0)]);
    await created({ sessionId: sessionId(3), tenantId: OTHER }, T0, [enqueue(T0)]);
    expect(await record.sessions.countOpen(ACME)).toBe(2);
    await appended(reserved, end(T0 + 1));
    expect(await record.sessions.countOpen(ACME)).toBe(1);
    expect((await record.sessions.countByState()).queued).toBe(2);
    expect((await record.sessions.countByState()).ended).toBeUndefined();
  });

  it('keeps a re-placement', async () => {
    const reserved = await created({}, T0, [reserve(T0), observe(T0 + 1, 'active')]);
    const lease = { ...reserved.lease, epoch: epoch(2) } as NonNullable<Session['lease']>;
    const lost = await appended(reserved, {
      ...{ type: 'lose-worker', atMs: T0 + 2, workerId: lease.workerId, epoch: epoch(1) },
    });
    const moved = await appended(lost, { type: 'migrate', atMs: T0 + 3, lease, considered: [] });
    expect(await record.sessions.find(sessionId(1))).toEqual(moved);
    expect(moved).toMatchObject({ state: 'migrating', epoch: 2 });
  });
}
