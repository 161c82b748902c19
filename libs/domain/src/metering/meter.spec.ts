// M1, M2 as properties. A failing run prints fast-check's seed and path.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Epoch, PoolId, RateId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { cutSegments, openMeter, type Meter } from './meter.ts';
import { costOf } from './price.ts';
import type { MeterReading, Rate, UsageSegment } from './usage.ts';
import { sessionUsageOf } from './usage-sum.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 10, 2, 10, 30);
const SESSION = 'ses_1' as SessionId;
const meter = openMeter(
  'ten_1' as TenantId,
  SESSION,
  {
    ...{
      region: 'us-east' as RegionId,
      pool: 'us-east/h100/gallery@1' as PoolId,
      workerId: 'w1' as WorkerId,
    },
    ...{
      workerAddress: 'w1:1',
      slot: 0,
      width: 1,
      slots: 2,
      gpus: 1,
      purchase: 'on_demand',
      epoch: 1 as Epoch,
    },
  },
  T0,
);
const rate = (rateId: string, nano: bigint, fromMs = 0): Rate => ({
  ...{ rateId: rateId as RateId, gpuType: 'h100', currency: 'GBP', nanoPerGpuHour: nano },
  ...{ purchase: 'on_demand', source: 'test', effectiveFromMs: fromMs, recordedAtMs: 0 },
});
const RATES = [rate('r1', 2_400_000_000n)];
/** Active all along, 25 frames a second. */
const reading = (seq: number, ms: number, over: Partial<MeterReading> = {}): MeterReading => ({
  ...{ sessionId: SESSION, epoch: 1 as Epoch, startedUs: 1, seq },
  ...{ activeMs: ms, frames: Math.floor(ms / 40), lateFrames: 0, atMs: T0 + ms, ...over },
});

/** The meter after these readings, closed at the end, and every segment on the way. */
function metered(readings: readonly MeterReading[], rates: readonly Rate[] = RATES, from: Meter = meter) {
  const open = readings.reduce(
    (state, r) => {
      const cut = cutSegments(state.meter, r, { rates, close: false });
      return { meter: cut.meter, segments: [...state.segments, ...cut.segments] };
    },
    { meter: from, segments: [] as readonly UsageSegment[] },
  );
  const closed = cutSegments(open.meter, undefined, { rates, close: true });
  return { meter: closed.meter, segments: [...open.segments, ...closed.segments] };
}
const shape = (segments: readonly UsageSegment[]) =>
  segments.map((s) => [s.startsAtMs - T0, s.endsAtMs - T0, s.activeMs, s.frames, s.rateId]);

describe('segments', () => {
  it('are cut at the hour', () => {
    expect(shape(metered([reading(1, HOUR)]).segments)).toEqual([
      [0, HOUR / 2, HOUR / 2, 45_000, 'r1'],
      [HOUR / 2, HOUR, HOUR / 2, 45_000, 'r1'],
    ]);
  });

  it('are cut where the rate changes, and priced with the one in force', () => {
    const rates = [...RATES, rate('r2', 4_800_000_000n, T0 + 10_000)];
    const { segments } = metered([reading(1, 20_000)], rates);
    expect(shape(segments)).toEqual([
      [0, 10_000, 10_000, 250, 'r1'],
      [10_000, 20_000, 10_000, 250, 'r2'],
    ]);
    expect(segments.map((s) => s.costNano)).toEqual([
      costOf(10_000, 2_400_000_000n, meter),
      costOf(10_000, 4_800_000_000n, meter),
    ]);
  });

  it('stay open within the hour, and start where the epoch began', () => {
    const cut = cutSegments(meter, reading(1, 5_000), { rates: RATES, close: false });
    expect(cut.segments).toEqual([]);
    expect(shape(metered([reading(1, 5_000)]).segments)).toEqual([[0, 5_000, 5_000, 125, 'r1']]);
  });

  it('take active time as early as it can have been', () => {
    const held = reading(2, 20_000, { activeMs: 15_000, frames: 375, atMs: T0 + HOUR });
    expect(shape(metered([reading(1, 10_000), held]).segments)).toEqual([[0, HOUR / 2, 15_000, 375, 'r1']]);
  });

  it('are none for an hour in which nothing was used', () => {
    const idle = reading(2, 10_000, { atMs: T0 + 3 * HOUR });
    const last = reading(3, 11_000, { atMs: T0 + 3 * HOUR + 1_000 });
    expect(shape(metered([reading(1, 10_000), idle, last]).segments)).toEqual([
      [0, HOUR / 2, 10_000, 250, 'r1'],
      [2.5 * HOUR, 3 * HOUR + 1_000, 1_000, 25, 'r1'],
    ]);
  });

  it('go on where the closed one ended when counters come after the end', () => {
    const closed = metered([reading(1, 10_000)]);
    const late = metered([reading(2, 12_000)], RATES, closed.meter);
    expect(shape(late.segments)).toEqual([[10_000, 12_000, 2_000, 50, 'r1']]);
    expect(metered([], RATES, closed.meter)).toEqual({ meter: closed.meter, segments: [] });
  });

  it('have a length though all came in the millisecond of the start', () => {
    const burst = metered([reading(1, 40, { atMs: T0 })]);
    expect(shape(burst.segments)).toEqual([[0, 1, 40, 1, 'r1']]);
    expect(shape(metered([reading(2, 80, { atMs: T0 })], RATES, burst.meter).segments)).toEqual([
      [1, 2, 40, 1, 'r1'],
    ]);
  });

  it('are cut where the density changes, and no change is one that says nothing', () => {
    const told = [1, 2, 3, 4].map((seq) => reading(seq, seq * 10_000));
    const [one, two, three, four] = told as [MeterReading, MeterReading, MeterReading, MeterReading];
    const changes = [{ ...one, slots: 2 }, { ...two, slots: 4 }, { ...three, slots: 0 }, four];
    const { segments } = metered(changes);
    expect(segments.map((s) => [s.startsAtMs - T0, s.slots])).toEqual([
      [0, 2],
      [20_000, 4],
    ]);
    expect(segments[1]?.costNano).toBe(costOf(20_000, 2_400_000_000n, { width: 1, slots: 4, gpus: 1 }));
  });

  it('keep the density at which they were used while they wait for a rate', () => {
    const open = metered([reading(1, 10_000), reading(2, 20_000, { slots: 4 })], []);
    const { segments } = metered([reading(3, 30_000, { slots: 4 })], RATES, open.meter);
    expect(segments.map((s) => s.slots)).toEqual([2]);
  });

  it('wait for a rate, and lose nothing meanwhile', () => {
    const open = metered([reading(1, HOUR), reading(2, 2 * HOUR)], []);
    expect(open.segments).toEqual([]);
    const usage = sessionUsageOf(SESSION, [], [open.meter], { rates: [], final: false });
    expect(usage).toMatchObject({ activeMs: 2 * HOUR, frames: 180_000, costNano: 0n });
    const priced = metered([reading(3, 2 * HOUR + 1)], [rate('late', 1n, T0 + HOUR)], open.meter);
    expect(priced.segments.reduce((sum, s) => sum + s.activeMs, 0)).toBe(2 * HOUR + 1);
  });
});

/** A session as its worker sees it: at each step some time passes, active for a part of it. */
const run = fc
  .array(
    fc.record({
      wallMs: fc.integer({ min: 0, max: 40 * 60_000 }),
      share: fc.integer({ min: 0, max: 100 }),
      late: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((steps) => {
    let [atMs, activeMs, frames, lateFrames] = [T0, 0, 0, 0];
    return steps.map(({ wallMs, share, late }, i): MeterReading => {
      const usedMs = Math.floor((wallMs * share) / 100);
      [atMs, activeMs] = [atMs + wallMs, activeMs + usedMs];
      [frames, lateFrames] = [frames + Math.floor(usedMs / 40), lateFrames + late];
      return reading(i + 1, activeMs, { frames, lateFrames, atMs });
    });
  });
const someRates = fc
  .array(
    fc.record({ nano: fc.bigInt({ min: 0n, max: 10n ** 11n }), offset: fc.integer({ min: -1, max: 600 }) }),
    {
      maxLength: 4,
    },
  )
  .map((changes) => [
    ...RATES,
    ...changes.map(({ nano, offset }, i) => rate(`c${i}`, nano, T0 + offset * 60_000)),
  ]);
const total = (segments: readonly UsageSegment[]) => ({
  activeMs: segments.reduce((sum, s) => sum + s.activeMs, 0),
  frames: segments.reduce((sum, s) => sum + s.frames, 0),
  lateFrames: segments.reduce((sum, s) => sum + s.lateFrames, 0),
});
const shuffled = <T>(items: readonly T[], order: readonly number[]): readonly T[] =>
  items
    .map((item, i) => ({ item, key: order[i % order.length] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map((x) => x.item);
const disorder = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });

describe('whatever a worker reports', () => {
  it('adds up to the last reading, to the last unit', () => {
    fc.assert(
      fc.property(run, someRates, (readings, rates) => {
        const last = readings.at(-1);
        expect(total(metered(readings, rates).segments)).toEqual({
          ...{ activeMs: last?.activeMs, frames: last?.frames, lateFrames: last?.lateFrames },
        });
      }),
    );
  });

  it('adds up to the same when readings are lost, repeated or reordered (M1)', () => {
    fc.assert(
      fc.property(run, disorder, someRates, (readings, order, rates) => {
        const last = readings.slice(-1);
        const chaos = [...shuffled([...readings, ...readings], order), ...last];
        expect(total(metered(chaos, rates).segments)).toEqual(total(metered(readings, rates).segments));
      }),
    );
  });

  it('gives disjoint segments in order, none across an hour or a rate change, each with one price (M2)', () => {
    fc.assert(
      fc.property(run, someRates, (readings, rates) => {
        const { segments } = metered(readings, rates);
        segments.forEach((segment, i) => {
          const { startsAtMs, endsAtMs, activeMs, costNano, rateId } = segment;
          const before = segments[i - 1];
          if (before) expect(startsAtMs).toBeGreaterThanOrEqual(before.endsAtMs);
          expect(endsAtMs).toBeGreaterThan(startsAtMs);
          expect(Math.floor((endsAtMs - 1) / HOUR)).toBe(Math.floor(startsAtMs / HOUR));
          expect(
            rates.some(
              (r) => r.effectiveFromMs > startsAtMs && r.effectiveFromMs < endsAtMs && isEver(r, rates),
            ),
          ).toBe(false);
          const priced = rates.find((r) => r.rateId === rateId);
          expect(costNano).toBe(costOf(activeMs, priced?.nanoPerGpuHour ?? -1n, meter));
        });
      }),
    );
  });

  it('gives the same rows when it is replayed, and stale readings give none', () => {
    fc.assert(
      fc.property(run, disorder, (readings, order) => {
        const first = metered(readings);
        expect(metered(readings)).toEqual(first);
        const again = metered(shuffled(readings, order), RATES, first.meter);
        expect(again).toEqual({ meter: first.meter, segments: [] });
      }),
    );
  });

  it('starts its hours where they start, whichever readings arrived', () => {
    fc.assert(
      fc.property(run, disorder, (readings, keep) => {
        const some = readings.filter((_, i) => (keep[i % keep.length] ?? 0) % 2 === 0);
        const starts = new Set(metered([...some, ...readings.slice(-1)]).segments.map((s) => s.startsAtMs));
        for (const start of starts) expect(start === T0 || start % HOUR === 0).toBe(true);
      }),
    );
  });

  it('never costs less than was shown while it ran, live readings included', () => {
    const storedEvery = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(run, someRates, storedEvery, (readings, rates, every) => {
        let [state, segments, shown] = [meter, [] as readonly UsageSegment[], 0n];
        readings.forEach((live, i) => {
          const usage = sessionUsageOf(SESSION, segments, [state], { rates, final: false, live: [live] });
          expect(usage.costNano >= shown).toBe(true);
          shown = usage.costNano;
          if (i % every !== 0) return;
          const cut = cutSegments(state, live, { rates, close: false });
          [state, segments] = [cut.meter, [...segments, ...cut.segments]];
        });
        const final = cutSegments(state, readings.at(-1), { rates, close: true });
        const cost = [...segments, ...final.segments].reduce((sum, s) => sum + s.costNano, 0n);
        expect(cost >= shown).toBe(true);
      }),
    );
  });
});

/** Two rates from one instant: the later recorded, then the larger id, is the one that ever holds. */
const isEver = (candidate: Rate, rates: readonly Rate[]): boolean =>
  !rates.some((r) => r.effectiveFromMs === candidate.effectiveFromMs && r.rateId > candidate.rateId);
