// A Postgres that is away is told within bounded time; sessions that run do not need it (L4).
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StoreUnavailable } from '@meridian/application';
import { decide, evolveAll } from '@meridian/domain';
import { aSession, aTenant, enqueue, openTcpLink, reserve, sessionId } from '@meridian/testkit';
import type { TcpLink } from '@meridian/testkit';
import { Database } from './database.ts';
import { PrismaSessionRepository } from './prisma-session-repository.ts';
import { PrismaTenantRepository } from './prisma-tenant-repository.ts';
import { PostgresSessionSignals } from './session-signals.ts';
import { openRecord } from './testing/fixture.ts';
import type { RecordFixture } from './testing/fixture.ts';

describe('a Postgres behind a bad link', () => {
  let record: RecordFixture;
  let link: TcpLink;
  let url: URL;
  beforeEach(async () => {
    record = await openRecord();
    url = new URL(record.url);
    link = await openTcpLink(url.hostname, Number(url.port || 5432));
    url.host = `127.0.0.1:${link.port}`;
  });
  afterEach(async () => {
    await link.close();
    await record.drop();
  });

  const began = aSession({}, 0, enqueue(0));
  const elapsedMs = async (calls: readonly (() => Promise<unknown>)[]): Promise<number> => {
    const startedMs = performance.now();
    for (const call of calls) await expect(call()).rejects.toThrow(StoreUnavailable);
    return performance.now() - startedMs;
  };
  const callsOf = (database: Database) => [
    () => new PrismaSessionRepository(database).find(sessionId(1)),
    () => new PrismaTenantRepository(database).listTenants(),
    () => new PrismaSessionRepository(database).create(began.session, began.events, undefined),
    () => database.transaction((runner) => runner.query('SELECT 1')),
  ];

  it('is told at once when connections break, and works again afterwards', async () => {
    const database = new Database({ url: url.href });
    expect(await database.answers()).toBe(true);
    await link.cut();
    expect(await elapsedMs(callsOf(database))).toBeLessThan(2000);
    await link.mend();
    while (!(await database.answers())) await nextTurn();
    expect(await new PrismaTenantRepository(database).listTenants()).toEqual([]);
    await database.close();
  });

  it('is told in bounded time when it hangs', async () => {
    const database = new Database({ url: url.href, timeoutMs: 500 });
    expect(await database.answers()).toBe(true);
    link.hang();
    // Four calls, each 1 s at most on a connection that was open, 500 ms on a new one.
    expect(await elapsedMs(callsOf(database))).toBeLessThan(6000);
    await link.mend();
    while (!(await database.answers())) await nextTurn();
    await database.close();
  }, 15_000);

  it('does not hide an error of ours as an absence', async () => {
    const database = new Database({ url: url.href });
    await expect(database.query('SELECT nonsense')).rejects.not.toThrow(StoreUnavailable);
    await expect(
      new PrismaSessionRepository(database).create(began.session, began.events, undefined),
    ).rejects.not.toThrow(StoreUnavailable);
    await database.close();
  });

  it('wakes who waits for a session: on its events, and once its connection is back', async () => {
    await record.tenants.createTenant(aTenant());
    await record.sessions.create(began.session, began.events, undefined);
    const signals = new PostgresSessionSignals({ url: url.href });
    const wakes = new EventTarget();
    const done = new AbortController();
    const woken = () => once(wakes, 'wake');
    const connected = woken();
    signals.onChange(sessionId(1), () => wakes.dispatchEvent(new Event('wake')), done.signal);
    await connected;

    const onAppend = woken();
    const events = decide(reserve(1), began.session);
    expect(await record.sessions.append(evolveAll(began.session, events), events, 1)).toBe(true);
    await onAppend;
    expect((await record.sessions.find(sessionId(1)))?.state).toBe('reserved');

    const onReturn = woken();
    await link.cut();
    await link.mend();
    await onReturn;
    done.abort();
    await signals.close();
  });
});
