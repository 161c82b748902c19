// M1. A reading moves a meter only when its `seq` rises. M2. Money is integers over disjoint intervals.
// M3. Session cost + idle = the GPU's bill, exactly.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { WorkerUptime } from '@meridian/application';
import {
  costOf,
  decide,
  decideAll,
  evolveAll,
  type MeterReading,
  type RateId,
  type Session,
  type Incarnation,
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
  poolIn,
  reserve,
  sessionId,
  US_EAST,
  workerId,
} from '../builders.ts';
import type { OpenRecord, RecordHarness } from './harness.ts';

const T0 = Date.UTC(2026, 10, 2, 10, 30);
const HOUR_MS = 3_600_000;
const WHOLE = { width: 1, slots: 1, gpus: 1 };
const HALF = { ...WHOLE, slots: 2 };

/** What every usage repository does. Call it in a `describe`; `open` gives an empty record. */
export function usageRepositoryContract(open: OpenRecord): void {
  let record: RecordHarness;
  let session: Session;
  beforeEach(async () => {
    record = await open();
    await record.tenants.createTenant(aTenant());
    await record.usage.addRate(aRate());
    const begun = aSession({}, T0, reserve(T0), observe(T0, 'active'));
    session = begun.session;
    await record.sessions.create(session, begun.events, undefined);
  });
  afterEach(() => record.close());

  /** A reading `ms` after the start, active all along. */
  const after = (ms: number, seq: number, over: Partial<MeterReading> = {}): MeterReading =>
    aReading({ seq, activeMs: ms, frames: ms / 40, atMs: T0 + ms, ...over });
  const usage = (...live: readonly MeterReading[]) => record.usage.sessionUsage(sessionId(1), live);
  const ended = (atMs: number, reading?: MeterReading) => {
    const events = decide(end(atMs), session);
    return record.sessions.append(evolveAll(session, events), events, session.eventCount, reading);
  };

  it('has used nothing before the first reading, and knows no session that is not there', async () => {
    expect(await usage()).toMatchObject({
      activeMs: 0,
      frames: 0,
      lateFrames: 0,
      costNano: 0n,
      final: false,
    });
    expect(await record.usage.sessionUsage(sessionId('nobody'))).toBeUndefined();
  });

  it('shows usage and cost while the session runs', async () => {
    await record.usage.apply([after(10_000, 1)]);
    expect(await usage()).toEqual({
      ...{
        sessionId: sessionId(1),
        activeMs: 10_000,
        frames: 250,
        lateFrames: 0,
        currency: 'GBP',
        final: false,
      },
      ...{ costNano: costOf(10_000, 2_400_000_000n, HALF), asOfMs: T0 + 10_000 },
    });
  });

  it('shows a live reading that is newer than the stored one, and does not store it', async () => {
    await record.usage.apply([after(10_000, 1)]);
    expect((await usage(after(12_000, 2)))?.activeMs).toBe(12_000);
    expect((await usage(after(5_000, 0)))?.activeMs).toBe(10_000);
    expect((await usage())?.activeMs).toBe(10_000);
    const next = after(3_000, 1, { startedUs: 2, atMs: T0 + 14_000 });
    expect((await usage(after(12_000, 2), next))?.activeMs).toBe(15_000);
  });

  it('is not moved by readings that come twice, late or out of order (M1)', async () => {
    await record.usage.apply([after(20_000, 2)]);
    await record.usage.apply([after(20_000, 2), after(10_000, 1)]);
    await record.usage.apply([aReading({ sessionId: sessionId('nobody') })]);
    expect(await usage()).toMatchObject({ activeMs: 20_000, frames: 500 });
  });

  it('cuts a segment at the hour', async () => {
    await record.usage.apply([after(29 * 60_000, 1)]);
    expect(await record.usage.segments(sessionId(1))).toEqual([]);
    await record.usage.apply([after(31 * 60_000, 2)]);
    expect(await record.usage.segments(sessionId(1))).toMatchObject([
      {
        startsAtMs: T0,
        endsAtMs: T0 + HOUR_MS / 2,
        activeMs: HOUR_MS / 2,
        frames: 45_000,
        epoch: 1,
        slots: 2,
      },
    ]);
    expect(await usage()).toMatchObject({
      activeMs: 31 * 60_000,
      costNano: costOf(31 * 60_000, 2_400_000_000n, HALF),
    });
  });

  it('stores the final reading with the end, and nothing is open after it', async () => {
    await record.usage.apply([after(10_000, 1)]);
    expect(await ended(T0 + 15_000, after(15_000, 2))).toBe(true);
    expect(await usage()).toMatchObject({ activeMs: 15_000, frames: 375, final: true });
    const segments = await record.usage.segments(sessionId(1));
    expect(segments).toMatchObject([
      {
        startsAtMs: T0,
        endsAtMs: T0 + 15_000,
        activeMs: 15_000,
        frames: 375,
        currency: 'GBP',
        tenantId: 'ten_acme',
      },
    ]);
    expect(segments[0]?.costNano).toBe(costOf(15_000, 2_400_000_000n, HALF));
  });

  it('stores no reading with an end that came second', async () => {
    await ended(T0 + 1);
    expect(await ended(T0 + 15_000, after(15_000, 2))).toBe(false);
    expect((await usage())?.activeMs).toBe(0);
  });

  it('takes counters that arrive after the end, in segments of their own', async () => {
    await ended(T0 + 10_000, after(10_000, 1));
    await record.usage.apply([after(12_000, 2)]);
    await record.usage.apply([after(12_000, 2)]);
    expect(await usage()).toMatchObject({ activeMs: 12_000, frames: 300, final: true });
    const segments = await record.usage.segments(sessionId(1));
    expect(segments.map(({ startsAtMs, activeMs }) => [startsAtMs - T0, activeMs])).toEqual([
      [0, 10_000],
      [10_000, 2_000],
    ]);
  });

  it('keeps the segments of two epochs disjoint, though the old worker counts on for a moment', async () => {
    await record.usage.apply([after(10_000, 1)]);
    const lost = { type: 'lose-worker', atMs: T0 + 10_500, workerId: workerId('us-east-1') } as const;
    const lease = aLease({ epoch: epoch(2), workerId: workerId('us-east-2') });
    const moves = [
      { ...lost, epoch: epoch(1), reason: 'drain' },
      { type: 'migrate', atMs: T0 + 10_500, lease, considered: [] },
    ] as const;
    const moved = decideAll(moves, session);
    expect(await record.sessions.append(moved.session, moved.events, session.eventCount)).toBe(true);
    await record.usage.apply([after(10_600, 2, { atMs: T0 + 11_000 })]);
    await record.usage.apply([after(10_720, 3, { atMs: T0 + 12_000 })]);
    await record.usage.apply([aReading({ epoch: epoch(2), seq: 1, activeMs: 1_000, atMs: T0 + 12_000 })]);
    expect(await usage()).toMatchObject({ activeMs: 11_720 });
    const events = decide(end(T0 + 13_000), moved.session);
    const over = evolveAll(moved.session, events);
    expect(await record.sessions.append(over, events, moved.session.eventCount)).toBe(true);
    const segments = await record.usage.segments(sessionId(1));
    expect(
      segments.map(({ epoch: at, startsAtMs, endsAtMs, activeMs }) => [
        at,
        startsAtMs - T0,
        endsAtMs - T0,
        activeMs,
      ]),
    ).toEqual([
      [1, 0, 10_500, 10_720],
      [2, 10_500, 12_000, 1_000],
    ]);
  });

  it('ignores an epoch that the session never had', async () => {
    await record.usage.apply([after(10_000, 1, { epoch: epoch(7) })]);
    expect((await usage())?.activeMs).toBe(0);
  });

  it('keeps rates as they were given, the first under an id', async () => {
    const dear = aRate({
      rateId: 'rate_us' as RateId,
      region: US_EAST,
      effectiveFromMs: T0,
      recordedAtMs: T0 + 1,
    });
    await record.usage.addRate(dear);
    await record.usage.addRate({ ...dear, nanoPerGpuHour: 1n });
    const rates = await record.usage.rates();
    expect(rates.toSorted((a, b) => a.effectiveFromMs - b.effectiveFromMs)).toEqual([aRate(), dear]);
  });

  const uptime = (over: Partial<WorkerUptime> = {}): WorkerUptime => ({
    ...{
      workerId: workerId('us-east-1'),
      incarnation: 'a' as Incarnation,
      region: US_EAST,
      pool: poolIn(US_EAST),
    },
    ...{
      gpuType: 'h100',
      slots: 2,
      gpus: 1,
      purchase: 'on_demand',
      startedAtMs: T0,
      lastSeenAtMs: T0 + 20_000,
      ...over,
    },
  });

  it('adds up: what sessions used, and the bill of the GPUs that were up (M3)', async () => {
    await record.usage.recordUptime([uptime()]);
    await record.usage.recordUptime([uptime(), uptime({ lastSeenAtMs: T0 + 10_000 })]);
    await record.usage.apply([after(10_000, 1)]);
    expect(await record.usage.fleetCost(T0 - HOUR_MS, T0 + HOUR_MS)).toEqual([
      {
        ...{ region: US_EAST, pool: poolIn(US_EAST), currency: 'GBP', activeMs: 10_000 },
        ...{
          billNano: costOf(20_000, 2_400_000_000n, WHOLE),
          sessionNano: costOf(10_000, 2_400_000_000n, HALF),
        },
      },
    ]);
  });

  it('adds up for a session of several slots on a worker that spans several GPUs (M3)', async () => {
    const lease = { width: 3, slots: 8, gpus: 4 };
    const wide = aSession({ sessionId: sessionId('wide') }, T0, reserve(T0, lease), observe(T0, 'active'));
    await record.sessions.create(wide.session, wide.events, undefined);
    await record.usage.recordUptime([uptime({ slots: 8, gpus: 4 })]);
    await record.usage.apply([after(10_000, 1, { sessionId: sessionId('wide') })]);
    expect(await record.usage.fleetCost(T0 - HOUR_MS, T0 + HOUR_MS)).toMatchObject([
      {
        billNano: costOf(20_000, 2_400_000_000n, { ...WHOLE, gpus: 4 }),
        sessionNano: costOf(10_000, 2_400_000_000n, lease),
      },
    ]);
    await record.usage.apply([after(HOUR_MS / 2, 2, { sessionId: sessionId('wide') })]);
    expect(await record.usage.segments(sessionId('wide'))).toMatchObject([
      { ...lease, costNano: costOf(HOUR_MS / 2, 2_400_000_000n, lease) },
    ]);
  });

  it('bills the part of an uptime that lies in the window', async () => {
    await record.usage.recordUptime([uptime()]);
    const [row] = await record.usage.fleetCost(T0 + 5_000, T0 + 15_000);
    expect(row?.billNano).toBe(costOf(10_000, 2_400_000_000n, WHOLE));
  });
}
