import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { decide, evolveAll, type Session, type SessionCommand, type SessionRequest } from '@meridian/domain';
import {
  aSession,
  aTenant,
  end,
  enqueue,
  EU_WEST,
  observe,
  reserve,
  sessionId,
  tenantId,
  US_EAST,
} from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10);
const ACME = tenantId('acme');
const BIG = tenantId('big');

/** What every queue record does. Call it in a `describe`; `open` gives an empty record. */
export function queueRecordContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant({ tenantId: ACME }));
    await record.tenants.createTenant(aTenant({ tenantId: BIG, weight: 3 }));
  });
  afterEach(() => record.close());

  const created = async (
    name: string,
    atMs: number,
    commands: readonly SessionCommand[],
    request: Partial<SessionRequest> = {},
  ): Promise<Session> => {
    const { session, events } = aSession({ ...request, sessionId: sessionId(name) }, atMs, ...commands);
    expect(await record.sessions.create(session, events, undefined)).toEqual({ kind: 'created' });
    return session;
  };
  const ended = async (session: Session, atMs: number): Promise<void> => {
    const events = decide(end(atMs), session);
    expect(await record.sessions.append(evolveAll(session, events), events, session.eventCount)).toBe(true);
  };

  it('lists who waits, oldest first, with what was asked for, what was told and the weight of the tenant', async () => {
    const asked = { priority: 'low', gpus: 0.5, maxRttMs: 40, residency: 'eu' } as const;
    const told = { ...enqueue(T0 + 1), etaMs: 4_000, estimateMs: 5_000 } as SessionCommand;
    const late = await created('late', T0 + 1, [told], { ...asked, tenantId: BIG });
    const early = await created('early', T0, [enqueue(T0)]);
    await created('placed', T0 - 5, [reserve(T0 - 5)]);
    const gone = await created('gone', T0 - 9, [enqueue(T0 - 9)]);
    await ended(gone, T0);
    expect(await record.queue.waiting(10)).toEqual([
      { request: early.request, createdAtMs: T0, weight: 1 },
      {
        ...{ request: late.request, createdAtMs: T0 + 1, weight: 3 },
        toldWait: { etaMs: 4_000, estimateMs: 5_000 },
      },
    ]);
    expect(await record.queue.waiting(1)).toHaveLength(1);
  });

  it('sums the slots that the sessions of a model hold, by tenant, and says since when', async () => {
    await created('1', T0, [reserve(T0, { width: 2 })]);
    await created('2', T0 + 5, [reserve(T0 + 5), observe(T0 + 6, 'active')]);
    await created('3', T0 + 7, [reserve(T0 + 7)], { tenantId: BIG });
    await created('4', T0, [reserve(T0)], { model: 'dream' });
    await created('5', T0, [enqueue(T0)]);
    await ended(await created('6', T0 - 9, [reserve(T0 - 9)]), T0);
    const held = await record.queue.held('gallery');
    expect(held.toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1))).toEqual([
      { tenantId: ACME, slots: 3, sinceMs: T0 },
      { tenantId: BIG, slots: 1, sinceMs: T0 + 7 },
    ]);
    expect(await record.queue.held('nothing')).toEqual([]);
  });

  it('tells of those that left the queue for a slot how long they waited, and what they had been told', async () => {
    const told = { ...enqueue(T0), etaMs: 4_000, estimateMs: 5_000 } as SessionCommand;
    const waiting = await created('1', T0, [told]);
    const placed = await created('2', T0, [told, reserve(T0 + 7_000)]);
    const gone = await created('3', T0, [told]);
    await ended(gone, T0 + 1);
    const untold = await created('4', T0, [enqueue(T0), reserve(T0 + 1)]);
    const atOnce = await created('5', T0, [reserve(T0)]);
    await ended(placed, T0 + 9_000);
    const ids = [waiting, placed, gone, untold, atOnce].map(({ request }) => request.sessionId);
    expect(await record.queue.placed([...ids, sessionId('nobody')])).toEqual([
      { model: 'gallery', waitedMs: 7_000, toldWait: { etaMs: 4_000, estimateMs: 5_000 } },
    ]);
    expect(await record.queue.placed([])).toEqual([]);
  });

  it('lists the newest releases of a model; who ended in the queue released nothing', async () => {
    await ended(await created('1', T0, [reserve(T0, { width: 2 })]), T0 + 10);
    await ended(await created('2', T0 + 2, [reserve(T0 + 2, { region: EU_WEST })]), T0 + 20);
    await ended(await created('3', T0, [enqueue(T0)]), T0 + 21);
    await ended(await created('4', T0, [reserve(T0)], { model: 'dream' }), T0 + 22);
    await created('5', T0, [reserve(T0)]);
    const newest = { region: EU_WEST, slots: 1, openedAtMs: T0 + 2, atMs: T0 + 20 };
    const oldest = { region: US_EAST, slots: 2, openedAtMs: T0, atMs: T0 + 10 };
    expect(await record.queue.releases('gallery', T0, 10)).toEqual([newest, oldest]);
    expect(await record.queue.releases('gallery', T0, 1)).toEqual([newest]);
    expect(await record.queue.releases('gallery', T0 + 11, 10)).toEqual([newest]);
  });
}
