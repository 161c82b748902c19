// Hours are sums of segments, made anew: a roll-up that runs twice, late, or after late data leaves the same rows.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { UsageQuery } from '@meridian/application';
import { costOf, decide, decideAll, evolveAll, type MeterReading, type Session } from '@meridian/domain';
import {
  aLease,
  aRate,
  aReading,
  aSession,
  aTenant,
  end,
  epoch,
  EU_WEST,
  GALLERY,
  observe,
  poolIn,
  reserve,
  sessionId,
  tenantId,
  US_EAST,
  workerId,
} from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const T10 = Date.UTC(2026, 10, 2, 10);
const T0 = T10 + HOUR_MS / 2;
const ACME = tenantId('acme');
const OTHER = tenantId('other');
const HALF = { width: 1, slots: 2, gpus: 1 };
const NANO = 2_400_000_000n;

/** What every store of usage hours does. Call it in a `describe`; `open` gives an empty record. */
export function usageHoursContract(open: OpenRecord): void {
  let record: RecordHarness;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    await record.tenants.createTenant(aTenant({ tenantId: OTHER, name: 'Other' }));
    await record.usage.addRate(aRate());
  });
  afterEach(() => record.close());

  const begin = async (name: string, over: Partial<Session['request']> = {}, region = US_EAST) => {
    const lease = { region, pool: poolIn(region) };
    const request = { sessionId: sessionId(name), traceId: `trace-${name}`, ...over };
    const begun = aSession(request, T0, reserve(T0, lease), observe(T0, 'active'));
    await record.sessions.create(begun.session, begun.events, undefined);
    return begun.session;
  };
  const finish = async (session: Session, atMs: number): Promise<void> => {
    const events = decide(end(atMs), session);
    await record.sessions.append(evolveAll(session, events), events, session.eventCount);
  };
  /** Active all along since `T0`. */
  const after = (name: string, ms: number, over: Partial<MeterReading> = {}): MeterReading =>
    aReading({
      ...{ sessionId: sessionId(name), seq: ms, activeMs: ms, frames: ms / 40, atMs: T0 + ms },
      ...over,
    });
  const rollUp = async (): Promise<number> => {
    let marks = 0;
    for (let taken = 1; taken > 0; marks += taken) taken = await record.usageHours.rollUp(2);
    return marks;
  };
  const hours = () => record.usageHours.hours(0, Date.UTC(2100, 0));
  const query = (over: Partial<UsageQuery> = {}): UsageQuery => ({
    ...{
      fromMs: T10 - 48 * HOUR_MS,
      toMs: T10 + 48 * HOUR_MS,
      groupBy: [],
      interval: 'none',
      timeZone: 'UTC',
    },
    ...over,
  });
  const read = (over: Partial<UsageQuery>) => record.usageHours.read(query(over));

  it('have nothing before anything was used', async () => {
    expect(await record.usageHours.rollUp(10)).toBe(0);
    expect(await hours()).toEqual([]);
    expect(await read({})).toEqual([]);
    expect(await record.usageHours.lag()).toEqual({ marks: 0 });
  });

  it('add up the segments that start in them', async () => {
    for (const name of ['a', 'b']) {
      const session = await begin(name);
      await record.usage.apply([after(name, 40 * MINUTE_MS, { lateFrames: 3 })]);
      await finish(session, T0 + 40 * MINUTE_MS);
    }
    expect((await record.usageHours.lag()).marks).toBeGreaterThan(0);
    await rollUp();
    expect(await record.usageHours.lag()).toEqual({ marks: 0 });
    const place = { tenantId: ACME, region: US_EAST, pool: poolIn(US_EAST), ...GALLERY };
    const common = { ...place, purchase: 'on_demand', currency: 'GBP', segments: 2 };
    expect(await hours()).toEqual([
      {
        ...{ ...common, hourMs: T10, activeMs: HOUR_MS, gpuMs: HOUR_MS / 2, frames: 90_000, lateFrames: 4 },
        ...{ sessionsStarted: 2, startedMinutes: 60, costNano: costOf(HOUR_MS, NANO, HALF) },
      },
      {
        ...{ ...common, hourMs: T10 + HOUR_MS, activeMs: 20 * MINUTE_MS, gpuMs: 10 * MINUTE_MS },
        ...{ frames: 30_000, lateFrames: 2, sessionsStarted: 0, startedMinutes: 20 },
        costNano: costOf(20 * MINUTE_MS, NANO, HALF),
      },
    ]);
  });

  it('are the same when they are made again, and when only some of it is', async () => {
    const session = await begin('a');
    await record.usage.apply([after('a', 3 * HOUR_MS)]);
    await rollUp();
    const once = await hours();
    await record.usage.apply([after('a', 3 * HOUR_MS)]);
    expect(await rollUp()).toBe(0);
    expect(await hours()).toEqual(once);
    await finish(session, T0 + 3 * HOUR_MS);
    await Promise.all([record.usageHours.rollUp(9), record.usageHours.rollUp(9)]);
    await rollUp();
    const sum = (await hours()).reduce((total, hour) => total + hour.activeMs, 0);
    expect(sum).toBe(3 * HOUR_MS);
    expect((await hours()).slice(0, 3)).toEqual(once.slice(0, 3));
  });

  it('begin a minute where active time does, over hours and moves, and late data moves later ones', async () => {
    const session = await begin('a');
    // 29.5 minutes by the hour's end, of which half a minute is begun.
    await record.usage.apply([after('a', HOUR_MS / 2, { activeMs: HOUR_MS / 2 - 30_000 })]);
    const leftMs = T10 + HOUR_MS + 10_000;
    const place = { region: US_EAST, workerId: workerId('us-east-2') };
    const lost = { type: 'lose-worker', workerId: workerId('us-east-1'), reason: 'drain' } as const;
    const moves = [
      { ...lost, atMs: leftMs, epoch: epoch(1) },
      { type: 'migrate', atMs: leftMs, lease: aLease({ ...place, epoch: epoch(2) }), considered: [] },
    ] as const;
    const moved = decideAll(moves, session);
    await record.sessions.append(moved.session, moved.events, session.eventCount);
    const there = { sessionId: sessionId('a'), epoch: epoch(2), frames: 0 };
    const noonMs = T10 + 2 * HOUR_MS;
    await record.usage.apply([aReading({ ...there, seq: 1, activeMs: 0, atMs: noonMs })]);
    await record.usage.apply([aReading({ ...there, seq: 2, activeMs: 25_000, atMs: noonMs + 25_000 })]);
    await record.usage.cutOpen(noonMs + HOUR_MS, 9);
    await rollUp();
    const minutes = async () => (await hours()).map((hour) => [hour.hourMs - T10, hour.startedMinutes]);
    // 29.5 minutes and 25 s: the minute that was begun before the move goes on after it.
    expect(await minutes()).toEqual([
      [0, 30],
      [2 * HOUR_MS, 0],
    ]);
    // The old worker had counted 10 s more: now a minute begins after the move.
    await record.usage.apply([after('a', HOUR_MS / 2 + 10_000, { activeMs: HOUR_MS / 2 - 20_000 })]);
    await record.usage.cutOpen(noonMs + HOUR_MS, 9);
    await rollUp();
    expect(await minutes()).toEqual([
      [0, 30],
      [HOUR_MS, 0],
      [2 * HOUR_MS, 1],
    ]);
    expect((await hours()).map(({ sessionsStarted }) => sessionsStarted)).toEqual([1, 0, 0]);
  });

  it('are read by what they are asked for', async () => {
    await begin('a');
    await begin('b', { tenantId: OTHER }, EU_WEST);
    await record.usage.apply([after('a', HOUR_MS / 2), after('b', HOUR_MS)]);
    await record.usage.cutOpen(T0 + 2 * HOUR_MS, 9);
    await rollUp();
    expect(await read({ groupBy: ['region', 'tenant'] })).toMatchObject([
      { region: EU_WEST, tenantId: OTHER, currency: 'GBP', activeMs: HOUR_MS, startedMinutes: 60 },
      { region: US_EAST, tenantId: ACME, currency: 'GBP', activeMs: HOUR_MS / 2, startedMinutes: 30 },
    ]);
    const [all] = await read({});
    expect(all).toEqual({
      ...{ fromMs: T10 - 48 * HOUR_MS, toMs: T10 + 48 * HOUR_MS, currency: 'GBP', activeMs: 1.5 * HOUR_MS },
      ...{ gpuMs: 0.75 * HOUR_MS, frames: 135_000, lateFrames: 0, sessionsStarted: 2, startedMinutes: 90 },
      costNano: costOf(1.5 * HOUR_MS, NANO, HALF),
    });
    const by = async (over: Partial<UsageQuery>) => (await read(over)).map(({ activeMs }) => activeMs);
    expect(await by({ tenantId: ACME })).toEqual([HOUR_MS / 2]);
    expect(await by({ region: EU_WEST })).toEqual([HOUR_MS]);
    expect(await by({ pool: poolIn(US_EAST), model: 'gallery', modelVersion: '1.0.0' })).toEqual([
      HOUR_MS / 2,
    ]);
    expect(await by({ gpuType: 'a100' })).toEqual([]);
    expect(await by({ toMs: T10 + HOUR_MS })).toEqual([HOUR_MS]);
    expect(await by({ fromMs: T10 + 1 })).toEqual([HOUR_MS / 2]);
    expect(await by({ interval: 'hour' })).toEqual([HOUR_MS, HOUR_MS / 2]);
  });

  it('belong to the day in which they start, in the time zone asked for', async () => {
    await begin('a');
    await record.usage.apply([after('a', 16 * HOUR_MS)]);
    await rollUp();
    const days = (timeZone: string) => read({ interval: 'day', timeZone });
    // Midnight in Kolkata is at 18:30 UTC: the hour that starts at 18:00 is of the day before.
    expect(await days('Asia/Kolkata')).toMatchObject([
      { fromMs: Date.UTC(2026, 10, 1, 18, 30), toMs: Date.UTC(2026, 10, 2, 18, 30), activeMs: 8.5 * HOUR_MS },
      { fromMs: Date.UTC(2026, 10, 2, 18, 30), toMs: Date.UTC(2026, 10, 3, 18, 30), activeMs: 7 * HOUR_MS },
    ]);
    expect((await days('UTC')).map(({ activeMs }) => activeMs)).toEqual([13.5 * HOUR_MS, 2 * HOUR_MS]);
    expect(await read({ interval: 'month', timeZone: 'America/New_York' })).toMatchObject([
      { fromMs: Date.UTC(2026, 10, 1, 4), toMs: Date.UTC(2026, 11, 1, 5), activeMs: 15.5 * HOUR_MS },
    ]);
  });

  it('name the sessions that cost most', async () => {
    for (const [name, ms] of [
      ['a', 10],
      ['b', 30],
      ['c', 20],
    ] as const) {
      const session = await begin(name);
      await record.usage.apply([after(name, ms * MINUTE_MS)]);
      await finish(session, T0 + ms * MINUTE_MS);
    }
    const top = await record.usageHours.topSessions(T10, T10 + HOUR_MS, 2);
    expect(top.map((one) => one.sessionId)).toEqual([sessionId('b'), sessionId('c')]);
    expect(top[0]).toEqual({
      ...{
        sessionId: sessionId('b'),
        tenantId: ACME,
        model: 'gallery',
        modelVersion: '1.0.0',
        region: US_EAST,
      },
      ...{ traceId: 'trace-b', currency: 'GBP', activeMs: 30 * MINUTE_MS },
      costNano: costOf(30 * MINUTE_MS, NANO, HALF),
    });
    expect(await record.usageHours.topSessions(T10, T10 + HOUR_MS, 9, OTHER)).toEqual([]);
  });
}
