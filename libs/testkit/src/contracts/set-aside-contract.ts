// Every reading that is news is counted once, or kept with the reason why not.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  costOf,
  decide,
  decideAll,
  evolveAll,
  type MeterReading,
  type Session,
  type SetAsideReason,
} from '@meridian/domain';
import {
  aLease,
  aRate,
  aReading,
  aSession,
  aTenant,
  end,
  epoch,
  observe,
  reserve,
  sessionId,
  workerId,
} from '../builders.ts';
import { LATER_MS, type OpenRecord, type RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const NANO = 2_400_000_000n;

/** What every record does with late and odd readings. Call it in a `describe`; `open` gives an empty record. */
export function setAsideContract(open: OpenRecord): void {
  let record: RecordHarness;
  let session: Session;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    await record.usage.addRate(aRate());
    session = await begin(1);
  });
  afterEach(() => record.close());

  const begin = async (name: number): Promise<Session> => {
    const begun = aSession({ sessionId: sessionId(name) }, T0, reserve(T0), observe(T0, 'active'));
    await record.sessions.create(begun.session, begun.events, undefined);
    return begun.session;
  };
  /** Active all along since `T0`. */
  const after = (ms: number, over: Partial<MeterReading> = {}): MeterReading =>
    aReading({ ...{ seq: ms, activeMs: ms, frames: ms / 40, atMs: T0 + ms }, ...over });
  const finish = (atMs: number): Promise<boolean> => {
    const events = decide(end(atMs), session);
    return record.sessions.append(evolveAll(session, events), events, session.eventCount);
  };
  const kept = async (): Promise<readonly (readonly [number, SetAsideReason])[]> =>
    (await record.setAside.list({ limit: 99 })).map(({ reading, reason }) => [reading.seq, reason]);
  const activeMs = async (name = 1) => (await record.usage.sessionUsage(sessionId(name)))?.activeMs;
  const shape = async () =>
    (await record.usage.segments(sessionId(1))).map((s) => [
      ...[s.startsAtMs - T0, s.endsAtMs - T0, s.activeMs, s.slots],
    ]);

  it('keeps nothing of what comes twice or late', async () => {
    expect(await record.usage.apply([after(2_000)])).toEqual({ applied: 1, setAside: 0 });
    expect(await record.usage.apply([after(2_000), after(1_000)])).toEqual({ applied: 0, setAside: 0 });
    expect(await kept()).toEqual([]);
  });

  it('keeps counters that went backwards, and counts on when they are ahead again', async () => {
    await record.usage.apply([after(20_000)]);
    const fallen = after(30_000, { activeMs: 1_000, frames: 25 });
    expect(await record.usage.apply([fallen])).toEqual({ applied: 0, setAside: 1 });
    await record.usage.apply([fallen]);
    await record.usage.apply([after(31_000, { lateFrames: 9 }), after(32_000, { lateFrames: 8 })]);
    expect(await kept()).toEqual([
      [32_000, 'went_backwards'],
      [30_000, 'went_backwards'],
    ]);
    expect(await activeMs()).toBe(31_000);
  });

  it('counts what a second process counted from 0 at the same epoch on top, in whatever order it is told', async () => {
    const next = (ms: number): MeterReading => after(ms, { startedUs: 2, atMs: T0 + 25_000 + ms });
    await record.usage.apply([after(20_000)]);
    await record.usage.apply([next(400)]);
    await record.usage.apply([next(200), after(20_400), next(800)]);
    expect(await activeMs()).toBe(21_200);
    expect(await record.usage.apply([after(20_400), next(800)])).toEqual({ applied: 0, setAside: 0 });
    const fallen = after(21_000, { activeMs: 20_000, frames: 500 });
    expect(await record.usage.apply([fallen, next(1_000)])).toEqual({ applied: 1, setAside: 1 });
    expect(await kept()).toEqual([[21_000, 'went_backwards']]);
    await record.usage.apply([after(50 * MINUTE_MS, { startedUs: 3, atMs: T0 + 51 * MINUTE_MS })]);
    const usedMs = 21_400 + 50 * MINUTE_MS;
    expect(await activeMs()).toBe(usedMs);
    await finish(T0 + 52 * MINUTE_MS);
    await record.usage.apply([next(1_400), next(1_400)]);
    await record.usage.apply([after(49 * MINUTE_MS, { startedUs: 0, atMs: T0 + 51 * MINUTE_MS })]);
    const segments = await record.usage.segments(sessionId(1));
    expect(segments.reduce((sum, segment) => sum + segment.activeMs, 0)).toBe(usedMs + 400);
    expect(segments.reduce((sum, { frames }) => sum + frames, 0)).toBe((usedMs + 400) / 40);
    expect((await kept()).length).toBe(1);
  });

  it('keeps what comes from later than now', async () => {
    await record.usage.apply([after(1_000, { atMs: LATER_MS + 2 * MINUTE_MS }), after(2_000)]);
    expect(await kept()).toEqual([[1_000, 'clock_ahead']]);
    expect(await activeMs()).toBe(2_000);
  });

  it('keeps more active time or frames than there was time for', async () => {
    const odd = [after(1_000, { activeMs: 10 * MINUTE_MS }), after(2_000, { frames: 240 * 63 })];
    await record.usage.apply(odd);
    expect(await kept()).toEqual([
      [2_000, 'impossible_rate'],
      [1_000, 'impossible_rate'],
    ]);
    // A worker that was away for an hour has had the time.
    await record.usage.apply([after(HOUR_MS)]);
    expect(await activeMs()).toBe(HOUR_MS);
  });

  it('counts what was used until the end whenever it is told, and keeps what came after', async () => {
    await finish(T0 + 10_000);
    await record.usage.apply([after(12_000, { atMs: T0 + HOUR_MS })]);
    await record.usage.apply([after(10 * MINUTE_MS, { atMs: T0 + HOUR_MS })]);
    expect(await kept()).toEqual([[10 * MINUTE_MS, 'after_close']]);
    expect(await activeMs()).toBe(12_000);
  });

  it('counts two epochs at once until the move, and keeps what the old one counts after', async () => {
    const leftMs = T0 + 10_000;
    const lost = {
      type: 'lose-worker',
      atMs: leftMs,
      workerId: workerId('us-east-1'),
      reason: 'drain',
    } as const;
    const lease = aLease({ epoch: epoch(2), workerId: workerId('us-east-2') });
    const moves = [
      { ...lost, epoch: epoch(1) },
      { type: 'migrate', atMs: leftMs, lease, considered: [] },
    ] as const;
    const moved = decideAll(moves, session);
    await record.sessions.append(moved.session, moved.events, session.eventCount);
    const there = after(5_000, { epoch: epoch(2), atMs: T0 + 10 * MINUTE_MS });
    await record.usage.apply([after(11_000), after(5 * MINUTE_MS), there]);
    expect(await kept()).toEqual([[5 * MINUTE_MS, 'after_close']]);
    expect(await activeMs()).toBe(16_000);
  });

  it('counts what was not known when it is', async () => {
    const unknown = after(7_000, { sessionId: sessionId(2) });
    await record.usage.apply([unknown, after(3_000, { epoch: epoch(7) }), after(1_000)]);
    expect(await kept()).toEqual([
      [7_000, 'unknown_session'],
      [3_000, 'unknown_epoch'],
    ]);
    expect(await record.setAside.counts()).toEqual({
      ...{ unknown_session: 1, unknown_epoch: 1, went_backwards: 0 },
      ...{ clock_ahead: 0, impossible_rate: 0, after_close: 0 },
    });
    expect(await record.setAside.resolve(9)).toBe(0);
    await begin(2);
    expect(await record.setAside.resolve(9)).toBe(1);
    expect(await record.setAside.resolve(9)).toBe(0);
    expect(await activeMs(2)).toBe(7_000);
    expect(await kept()).toEqual([[3_000, 'unknown_epoch']]);
    const query = { sessionId: sessionId(2), resolved: true, limit: 9 };
    expect(await record.setAside.list(query)).toMatchObject([
      { id: 'ses_2.1.1.7000.unknown_session', reading: unknown, resolvedAtMs: LATER_MS },
    ]);
    expect(await record.setAside.list({ reason: 'clock_ahead', limit: 9 })).toEqual([]);
    expect((await record.setAside.counts()).unknown_session).toBe(0);
  });

  it('cuts where the density changes, each part at its own', async () => {
    await record.usage.apply([after(10_000, { slots: 2 })]);
    await record.usage.apply([after(20_000, { slots: 4 }), after(30_000, { slots: 0 })]);
    await finish(T0 + 40_000);
    expect(await shape()).toEqual([
      [0, 20_000, 20_000, 2],
      [20_000, 30_000, 10_000, 4],
    ]);
    const [, shared] = await record.usage.segments(sessionId(1));
    expect(shared?.costNano).toBe(costOf(10_000, NANO, { width: 1, slots: 4, gpus: 1 }));
  });

  it('cuts what is open at the end of an hour, and what comes late adds up to the same hours', async () => {
    await record.usage.apply([after(20 * MINUTE_MS)]);
    const hourMs = T0 + HOUR_MS / 2;
    expect(await record.usage.cutOpen(hourMs - 20 * MINUTE_MS, 9)).toEqual({ cut: 0 });
    expect(await record.usage.cutOpen(hourMs, 9)).toEqual({ cut: 1 });
    expect(await record.usage.cutOpen(hourMs, 9)).toEqual({ cut: 0 });
    expect(await shape()).toEqual([[0, 20 * MINUTE_MS, 20 * MINUTE_MS, 2]]);
    await record.usage.apply([after(50 * MINUTE_MS)]);
    expect(await shape()).toEqual([
      [0, 20 * MINUTE_MS, 20 * MINUTE_MS, 2],
      [20 * MINUTE_MS, 30 * MINUTE_MS, 10 * MINUTE_MS, 2],
    ]);
  });

  it('walks over the open meters bit by bit', async () => {
    for (const name of [2, 3]) await begin(name);
    const names = [1, 2, 3].map(sessionId);
    await record.usage.apply(names.map((name) => after(1_000, { sessionId: name })));
    const first = await record.usage.cutOpen(T0 + HOUR_MS, 2);
    expect(first).toMatchObject({ cut: 2, next: { sessionId: sessionId(2), epoch: 1 } });
    expect(await record.usage.cutOpen(T0 + HOUR_MS, 2, first.next)).toEqual({ cut: 1 });
  });

  it('has room for days ahead, made once', async () => {
    await record.usage.ensureDays(T0, T0 + 48 * HOUR_MS);
    expect(await record.usage.ensureDays(T0, T0 + 48 * HOUR_MS)).toBe(0);
  });
}
