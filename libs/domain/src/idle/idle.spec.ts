// M3. What sessions cost and what stood idle, by cause, is the GPU's bill, exactly; the same of its time.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Incarnation, PoolId, RateId, RegionId, TenantId, WorkerId } from '../ids.ts';
import { costOf, largestRemainder } from '../metering/price.ts';
import type { PurchaseKind } from '../metering/purchase.ts';
import type { Rate } from '../metering/usage.ts';
import { gpuBillNano } from './gpu-bill.ts';
import { IDLE_CAUSES, type GpuHour } from './gpu-hour.ts';
import { differenceOf, gpuHoursOf, type BilledWorker, type UsedPart } from './gpu-hours-of.ts';
import { shareIdle } from './share-idle.ts';
import { wantedWorkers } from './wanted-workers.ts';
import type { WorkerMoment } from './worker-timeline.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 10, 2, 10);
const US = 'us-east' as RegionId;
const rate = (rateId: string, nano: bigint, over: Partial<Rate> = {}): Rate => ({
  ...{ rateId: rateId as RateId, gpuType: 'h100', currency: 'GBP', nanoPerGpuHour: nano },
  ...{ purchase: 'on_demand', source: 'test', effectiveFromMs: 0, recordedAtMs: 0, ...over },
});
const RATES = [rate('r1', 2_400_000_000n)];
const place = {
  ...{ workerId: 'w1' as WorkerId, region: US, pool: 'us-east/h100/gallery@1' as PoolId },
  ...{ gpuType: 'h100', purchase: 'on_demand' as PurchaseKind, gpus: 1 },
};
const worker = (fromMs: number, toMs: number, over: Partial<BilledWorker> = {}): BilledWorker => ({
  ...{ ...place, incarnation: 'a' as Incarnation, startedAtMs: fromMs, lastSeenAtMs: toMs },
  ...over,
});
const moment = (
  atMs: number,
  state: WorkerMoment['state'],
  usedSlots = 0,
  over: Partial<WorkerMoment> = {},
) => ({
  ...{ atMs, state, usedSlots, slots: 4, isWanted: false },
  ...over,
});
const used = (activeMs: number, over: Partial<UsedPart> = {}): UsedPart => {
  const part = {
    ...place,
    startsAtMs: T0,
    activeMs,
    width: 1,
    slots: 4,
    currency: 'GBP',
    costNano: 0n,
    ...over,
  };
  return { ...part, costNano: costOf(activeMs, 2_400_000_000n, part), ...over };
};
const hourOfOne = (
  timeline: readonly WorkerMoment[],
  parts: readonly UsedPart[] = [],
  processes: readonly BilledWorker[] = [worker(T0, T0 + HOUR)],
  rates: readonly Rate[] = RATES,
): readonly GpuHour[] =>
  gpuHoursOf({ hourMs: T0, processes, timelineOf: () => timeline, used: parts, rates });
const causesOf = ({ idle }: GpuHour) =>
  Object.fromEntries(IDLE_CAUSES.flatMap((cause) => (idle[cause].ms > 0 ? [[cause, idle[cause].ms]] : [])));
const only = (hours: readonly GpuHour[]): GpuHour => {
  const [hour, ...more] = hours;
  if (!hour || more.length > 0) throw new Error(`${hours.length} GPU hours`);
  return hour;
};

describe('splitting to the last unit (worked examples 5 to 7)', () => {
  it('goes by the largest remainder, ties to the earlier part', () => {
    expect(largestRemainder(5n, [1n, 1n, 1n])).toEqual([2n, 2n, 1n]);
    expect(largestRemainder(5n, [1n, 1n])).toEqual([3n, 2n]);
  });

  it('shares idle over workloads so that nothing is lost', () => {
    const costs = [42_687_500_000n, 46_312_500_000n, 23_000_000_000n];
    const tenants = costs.map((costNano, i) => ({ tenantId: `ten_${i}` as TenantId, gpuMs: 0, costNano }));
    const total = costs.reduce((a, b) => a + b, 0n);
    expect(total).toBe(112_000_000_000n);
    for (const idleNano of [1n, 7n, 112_000_000_001n]) {
      const { parts, ownNano } = shareIdle('by_cost', idleNano, tenants);
      expect(parts.reduce((a, b) => a + b, ownNano)).toBe(idleNano);
    }
    expect(shareIdle('by_cost', total, tenants).parts).toEqual(costs);
  });

  it('shares what a node costs by weight', () => {
    const weights = [30, 30, 10].map((gpuMs, i) => ({
      tenantId: `ten_${i}` as TenantId,
      gpuMs,
      costNano: 0n,
    }));
    expect(shareIdle('by_usage', 35n, weights)).toEqual({ parts: [15n, 15n, 5n], ownNano: 0n });
  });

  it('shares alike, and keeps as our own what we choose to, or what nobody used anything of', () => {
    const tenants = ['a', 'b', 'c'].map((id) => ({ tenantId: id as TenantId, gpuMs: 0, costNano: 0n }));
    expect(shareIdle('equal', 5n, tenants)).toEqual({ parts: [2n, 2n, 1n], ownNano: 0n });
    expect(shareIdle('own', 5n, tenants)).toEqual({ parts: [0n, 0n, 0n], ownNano: 5n });
    expect(shareIdle('by_usage', 5n, tenants)).toEqual({ parts: [0n, 0n, 0n], ownNano: 5n });
    expect(shareIdle('equal', 5n, [])).toEqual({ parts: [], ownNano: 5n });
  });
});

describe('the bill of a GPU', () => {
  const up = (fromMs: number, toMs: number, over: Partial<BilledWorker> = {}) => worker(fromMs, toMs, over);

  it('is its time up at the rates in force, within the window', () => {
    expect(gpuBillNano(up(T0, T0 + HOUR), RATES, T0, T0 + HOUR)).toBe(2_400_000_000n);
    expect(gpuBillNano(up(T0, T0 + HOUR), RATES, T0 + HOUR / 2, T0 + 2 * HOUR)).toBe(1_200_000_000n);
    expect(gpuBillNano(up(T0, T0 + HOUR), RATES, T0 + HOUR, T0 + 2 * HOUR)).toBe(0n);
    expect(gpuBillNano(up(T0, T0 + HOUR), [], T0, T0 + HOUR)).toBe(0n);
    const dearer = [...RATES, rate('r2', 4_800_000_000n, { effectiveFromMs: T0 + HOUR / 2 })];
    expect(gpuBillNano(up(T0, T0 + HOUR), dearer, T0, T0 + HOUR)).toBe(3_600_000_000n);
    expect(gpuBillNano(up(T0, T0 + HOUR, { gpus: 8 }), RATES, T0, T0 + HOUR)).toBe(19_200_000_000n);
  });

  it('is that of how it was bought', () => {
    const rates = [...RATES, rate('spot', 800_000_000n, { purchase: 'spot' })];
    expect(gpuBillNano(up(T0, T0 + HOUR, { purchase: 'spot' }), rates, T0, T0 + HOUR)).toBe(800_000_000n);
    expect(gpuBillNano(up(T0, T0 + HOUR, { purchase: 'reserved' }), rates, T0, T0 + HOUR)).toBe(
      2_400_000_000n,
    );
  });

  it('is the sum of its hours, each floored once', () => {
    const odd = [rate('r', 2_400_000_001n)];
    const uptime = up(T0 + 1, T0 + 3 * HOUR - 1);
    const hours = [0, 1, 2].map((i) => gpuBillNano(uptime, odd, T0 + i * HOUR, T0 + (i + 1) * HOUR));
    expect(gpuBillNano(uptime, odd, T0, T0 + 3 * HOUR)).toBe(hours.reduce((a, b) => a + b, 0n));
  });
});

describe('idle by cause', () => {
  it('is what each part of the hour was', () => {
    const minute = 60_000;
    const hour = only(
      hourOfOne(
        [
          moment(T0, 'booting'),
          moment(T0 + 5 * minute, 'ready', 0, { isWanted: true }),
          moment(T0 + 15 * minute, 'ready'),
          moment(T0 + 20 * minute, 'ready', 3),
          moment(T0 + 40 * minute, 'quarantined', 3),
          moment(T0 + 50 * minute, 'draining', 3),
        ],
        [3 * 40 * minute].map((ms) => used(ms)),
      ),
    );
    expect(causesOf(hour)).toEqual({
      ...{ booting: 5 * minute, warm_buffer: 10 * minute, no_demand: 5 * minute, fragmentation: 5 * minute },
      ...{ quarantined: 2.5 * minute, draining: 2.5 * minute },
    });
    expect(hour.activeMs).toBe(30 * minute);
    expect(hour.sessionNano).toBe(1_200_000_000n);
    expect(hour.idle.warm_buffer.nano).toBe(400_000_000n);
    expect(differenceOf(hour)).toBe(0n);
  });

  it('was a failed start all along when the process went away before it was ever ready', () => {
    const up = [worker(T0 + 60_000, T0 + 120_000)];
    expect(causesOf(only(hourOfOne([moment(T0 + 60_000, 'failed')], [], up)))).toEqual({
      failed_start: 60_000,
    });
    expect(causesOf(only(hourOfOne([moment(T0 + 60_000, 'booting')], [], up)))).toEqual({ booting: 60_000 });
    expect(causesOf(only(hourOfOne([], [], up)))).toEqual({ booting: 60_000 });
  });

  it('has slots that were held while nobody played as fragmentation', () => {
    const timeline = [moment(T0, 'ready', 4), moment(T0 + HOUR / 2, 'draining', 2)];
    expect(causesOf(only(hourOfOne(timeline, [used(HOUR)])))).toEqual({
      fragmentation: HOUR / 2,
      draining: HOUR / 4,
    });
  });

  it('starts with the state in which the worker came into the hour', () => {
    const hour = only(hourOfOne([moment(T0 - HOUR, 'draining')], [], [worker(T0 - 2 * HOUR, T0 + HOUR)]));
    expect(causesOf(hour)).toEqual({ draining: HOUR });
  });

  it('counts each GPU of a process', () => {
    const hour = only(
      hourOfOne([moment(T0, 'ready')], [used(HOUR, { gpus: 2 })], [worker(T0, T0 + HOUR, { gpus: 2 })]),
    );
    expect(hour).toMatchObject({ upMs: 2 * HOUR, activeMs: HOUR / 2, billNano: 4_800_000_000n });
    expect(causesOf(hour)).toEqual({ no_demand: 1.5 * HOUR });
  });
});

describe('a GPU hour', () => {
  const state = fc.constantFrom('booting', 'ready', 'draining', 'quarantined', 'failed');
  const moments = fc.array(
    fc.record({
      atMs: fc.integer({ min: T0 - HOUR, max: T0 + HOUR }),
      state,
      usedSlots: fc.nat(6),
      slots: fc.nat(5),
      isWanted: fc.boolean(),
    }),
    { maxLength: 8 },
  );

  it('adds up, in money and in time, whatever the worker was and whatever was used (M3)', () => {
    const parts = fc.array(fc.record({ ms: fc.nat(HOUR), slots: fc.integer({ min: 4, max: 8 }) }), {
      maxLength: 4,
    });
    const rates = fc.array(
      fc.record({
        nano: fc.bigInt({ min: 0n, max: 10n ** 12n }),
        atMs: fc.integer({ min: T0, max: T0 + HOUR }),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(moments, parts, rates, fc.integer({ min: 1, max: 8 }), (timeline, uses, changes, gpus) => {
        const all = [
          rate('r', 10n ** 12n),
          ...changes.map(({ nano, atMs }, i) => rate(`c${i}`, nano + 10n ** 12n, { effectiveFromMs: atMs })),
        ];
        const sorted = timeline.toSorted((a, b) => a.atMs - b.atMs);
        const paid = uses.map(({ ms, slots }) => {
          const part = { width: 1, slots, gpus };
          return used(ms, { ...part, costNano: costOf(ms, 10n ** 12n, part) });
        });
        const hour = only(hourOfOne(sorted, paid, [worker(T0, T0 + HOUR, { gpus })], all));
        const idleMs = IDLE_CAUSES.reduce((sum, cause) => sum + hour.idle[cause].ms, 0);
        expect(differenceOf(hour)).toBe(0n);
        expect(hour.activeMs + idleMs).toBe(hour.upMs);
        expect(IDLE_CAUSES.every((cause) => hour.idle[cause].nano >= 0n && hour.idle[cause].ms >= 0)).toBe(
          true,
        );
      }),
    );
  });

  it('is one for each process, and a segment belongs to the one that was started last before it', () => {
    const processes = [
      worker(T0 + 1_800_000, T0 + HOUR, { incarnation: 'b' as Incarnation }),
      worker(T0, T0 + 1_700_000),
    ];
    const parts = [used(600_000), used(60_000, { startsAtMs: T0 + 1_800_000 })];
    const hours = hourOfOne([moment(T0, 'ready')], parts, processes);
    expect(hours.map(({ incarnation, activeMs }) => [incarnation, activeMs])).toEqual([
      ['a', 150_000],
      ['b', 15_000],
    ]);
  });

  it('that was paid for beyond its bill, or that nobody saw, shows the difference', () => {
    const paid = [used(HOUR, { slots: 1 }), used(HOUR, { slots: 1 })];
    const over = only(hourOfOne([], paid));
    expect([differenceOf(over), over.idle.booting.nano]).toEqual([-2_400_000_000n, 0n]);
    const nobody = only(hourOfOne([], [used(HOUR)], []));
    expect([nobody.incarnation, nobody.upMs, differenceOf(nobody)]).toEqual(['', 0, -600_000_000n]);
  });

  it('is one for each currency that it was billed in', () => {
    const rates = [
      ...RATES,
      rate('usd', 3_000_000_000n, { currency: 'USD', effectiveFromMs: T0 + HOUR / 2 }),
    ];
    const hours = hourOfOne([moment(T0, 'ready')], [used(HOUR / 2)], undefined, rates);
    expect(hours.map(({ currency, upMs, billNano }) => [currency, upMs, billNano])).toEqual([
      ['GBP', HOUR / 2, 1_200_000_000n],
      ['USD', HOUR / 2, 1_500_000_000n],
    ]);
    expect(hours.map(differenceOf)).toEqual([0n, 0n]);
  });

  it('without any rate has time and no bill', () => {
    expect(only(hourOfOne([moment(T0, 'ready')], [], undefined, []))).toMatchObject({
      upMs: HOUR,
      billNano: 0n,
    });
  });
});

describe('workers that the advice wants warm', () => {
  const pool = place.pool;
  const ready = (id: string, usedSlots: number) => ({ workerId: id as WorkerId, pool, usedSlots });

  it('are those in use first, then the empty ones by name', () => {
    const workers = [ready('b', 0), ready('a', 0), ready('c', 2)];
    expect([...wantedWorkers(workers, new Map([[pool, 2]]))].sort()).toEqual(['a', 'c']);
    expect([...wantedWorkers(workers, new Map())]).toEqual([]);
  });
});
