// M1. Readings that race, repeat and overtake one another leave what the newest says, and segments that add up to it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decide, evolveAll } from '@meridian/domain';
import type { Incarnation, MeterReading, Session, TenantId } from '@meridian/domain';
import {
  aRate,
  aReading,
  aSession,
  aTenant,
  end,
  observe,
  reserve,
  SeededDraw,
  sessionId,
  tenantId,
} from '@meridian/testkit';
import { PrismaSessionRepository } from './prisma-session-repository.ts';
import { openRecord } from './testing/fixture.ts';
import type { RecordFixture } from './testing/fixture.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1e9);

describe(`concurrent writers (SEED=${SEED} plays it again)`, () => {
  let record: RecordFixture;
  let session: Session;
  beforeAll(async () => {
    record = await openRecord();
  });
  afterAll(() => record.drop());
  beforeEach(async () => {
    await record.clear();
    await record.tenants.createTenant(aTenant());
    await record.usage.addRate(aRate());
  });

  const begin = async (name: number): Promise<Session> => {
    const begun = aSession({ sessionId: sessionId(name) }, T0, reserve(T0), observe(T0, 'active'));
    await record.sessions.create(begun.session, begun.events, undefined);
    return begun.session;
  };
  /** The session was active all along; a reading every two minutes crosses two UTC hours. */
  const reading = (name: number, seq: number): MeterReading =>
    aReading({
      ...{ sessionId: sessionId(name), seq, activeMs: seq * 120_000, frames: seq * 3000 },
      atMs: T0 + seq * 120_000,
    });

  it('apply every reading once, in whatever order and however often it comes', async () => {
    const names = Array.from({ length: 20 }, (_, i) => i);
    for (const name of names) await begin(name);
    const draw = new SeededDraw(SEED);
    const flush = () =>
      Array.from({ length: 60 }, () => reading(draw.below(names.length), 1 + draw.below(50))).concat(
        names.map((name) => reading(name, 50)),
      );
    await Promise.all(Array.from({ length: 12 }, () => record.usage.apply(flush())));
    for (const name of names) {
      const usage = await record.usage.sessionUsage(sessionId(name));
      expect(usage).toMatchObject({ activeMs: 50 * 120_000, frames: 150_000 });
      const segments = await record.usage.segments(sessionId(name));
      segments.slice(1).forEach(({ startsAtMs }, i) => expect(startsAtMs).toBe(segments[i]?.endsAtMs));
    }
  });

  it('close a session once, with all it used, while its readings still come', async () => {
    for (let round = 0; round < 15; round++) {
      session = await begin(round);
      const events = decide(end(T0 + 6_000_000), session);
      await Promise.all([
        record.usage.apply([reading(round, 10)]),
        record.sessions.append(evolveAll(session, events), events, session.eventCount, reading(round, 50)),
        record.usage.apply([reading(round, 30)]),
        record.usage.apply([reading(round, 50)]),
      ]);
      const segments = await record.usage.segments(sessionId(round));
      const sum = segments.reduce((total, { activeMs }) => total + activeMs, 0);
      expect({ round, sum }).toEqual({ round, sum: 50 * 120_000 });
      expect(await record.usage.sessionUsage(sessionId(round))).toMatchObject({ activeMs: sum, final: true });
    }
  });

  it('open one session for one key', async () => {
    const begun = aSession({}, T0, reserve(T0));
    const key = { key: 'k', requestHash: 'h' };
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => record.sessions.create(begun.session, begun.events, key)),
    );
    expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    expect(await record.sessions.events(sessionId(1), 0)).toHaveLength(1);
  });

  it('open what can be stored, though one of those that came together cannot be', async () => {
    const good = [1, 2, 3].map((name) => aSession({ sessionId: sessionId(name) }, T0, reserve(T0)));
    const bad = aSession({ sessionId: sessionId(9), tenantId: tenantId('nobody') }, T0, reserve(T0));
    const [refused, ...outcomes] = await Promise.allSettled(
      [bad, ...good].map((begun) => record.sessions.create(begun.session, begun.events, undefined)),
    );
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: '23503' } });
    expect(outcomes).toEqual(good.map(() => ({ status: 'fulfilled', value: { kind: 'created' } })));
    expect(await record.sessions.countOpen(aTenant().tenantId)).toBe(3);
  });

  it('keep every tenant within its quota, opened from several processes at once', async () => {
    const replicas = [1, 2, 3].map(() => new PrismaSessionRepository(record.database));
    const tenants = [1, 2].map((name) => tenantId(`t${name}`));
    for (const id of tenants) await record.tenants.createTenant(aTenant({ tenantId: id }));
    const draw = new SeededDraw(SEED);
    const opens = Array.from({ length: 240 }, (_, i) => {
      const id = tenants[draw.below(2)] as TenantId;
      const { session, events } = aSession({ sessionId: sessionId(i), tenantId: id }, T0, reserve(T0));
      return replicas[draw.below(3)]?.create(session, events, { key: `k${i}`, requestHash: 'h' }, 25);
    });
    const created = (await Promise.all(opens)).filter((outcome) => outcome?.kind === 'created');
    expect(created).toHaveLength(50);
    const stored = await record.database.query<{ tenant_id: string; open_sessions: number; count: string }>(
      `SELECT tenant_id, open_sessions, (SELECT count(*) FROM sessions s WHERE s.tenant_id = t.tenant_id)
       FROM tenants t WHERE tenant_id LIKE 'ten_t_' ORDER BY tenant_id`,
    );
    expect(stored.rows.map((row) => [row.open_sessions, Number(row.count)])).toEqual([
      [25, 25],
      [25, 25],
    ]);
  });

  it('add a rate once', async () => {
    await Promise.all([1, 2, 3].map(() => record.usage.addRate(aRate())));
    expect(await record.usage.rates()).toHaveLength(1);
  });

  it('do not lose a session whose metadata is strange', async () => {
    const metadata = { nul: '\u0000', half: '\ud83d', quote: `'";--` };
    const { session: strange, events } = aSession({ metadata }, T0, reserve(T0));
    await record.sessions.create(strange, events, undefined);
    expect((await record.sessions.find(sessionId(1)))?.request.metadata).toEqual(metadata);
  });

  it('bill a worker for as long as its sessions report, though its uptime was noted earlier (M3)', async () => {
    const { lease } = await begin(1);
    if (!lease) throw new Error('the session has no lease');
    const { workerId, region, pool, slots, gpus, purchase } = lease;
    const uptime = {
      workerId,
      region,
      pool,
      slots,
      gpus,
      purchase,
      incarnation: 'a' as Incarnation,
      gpuType: 'h100',
      startedAtMs: T0,
    };
    await record.usage.recordUptime([{ ...uptime, lastSeenAtMs: T0 + 1000 }]);
    await record.usage.apply([reading(1, 50)]);
    const [row] = await record.usage.fleetCost(T0, T0 + 8_000_000);
    expect(row?.sessionNano).toBe(4_000_000_000n / 2n);
    expect(row?.billNano).toBe(4_000_000_000n);
  });

  it('count a part of a segment by its share of the window, so that windows add up', async () => {
    await begin(1);
    await record.usage.apply([reading(1, 50)]);
    const halves = await Promise.all(
      [T0, T0 + 3_000_000].map((from) => record.usage.fleetCost(from, from + 3_000_000)),
    );
    const nanos = halves.flat().map(({ sessionNano }) => sessionNano);
    expect(nanos).toEqual([1_000_000_000n, 1_000_000_000n]);
  });
});
