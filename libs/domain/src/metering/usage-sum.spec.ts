// M3. Session cost + idle = the GPU's bill, exactly.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Epoch, PoolId, RateId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { cutSegments, openMeter } from './meter.ts';
import { gpuBillNano } from '../idle/gpu-bill.ts';
import { segmentWithin, sessionUsageOf } from './usage-sum.ts';
import type { Rate } from './usage.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 10, 2, 10);
const US = 'us-east' as RegionId;
const rate = (rateId: string, nano: bigint, fromMs = 0): Rate => ({
  ...{ rateId: rateId as RateId, gpuType: 'h100', currency: 'GBP', nanoPerGpuHour: nano },
  ...{ purchase: 'on_demand', source: 'test', effectiveFromMs: fromMs, recordedAtMs: 0 },
});
const up = (fromMs: number, toMs: number, gpus = 1) => ({
  gpuType: 'h100',
  gpus,
  purchase: 'on_demand' as const,
  region: US,
  startedAtMs: fromMs,
  lastSeenAtMs: toMs,
});
const RATES = [rate('r1', 2_400_000_000n)];
const meterAt = (epoch: number, atMs: number, slots: number, width = 1, gpus = 1) =>
  openMeter(
    'ten_1' as TenantId,
    'ses_1' as SessionId,
    {
      ...{
        region: US,
        pool: 'us-east/h100/gallery@1' as PoolId,
        workerId: 'w1' as WorkerId,
        workerAddress: 'w1:1',
      },
      ...{ slot: 0, width, slots, gpus, purchase: 'on_demand', epoch: epoch as Epoch },
    },
    atMs,
  );
const sum = (nanos: readonly bigint[]): bigint => nanos.reduce((a, b) => a + b, 0n);
const reading = (epoch: number, activeMs: number, atMs: number) => ({
  ...{
    sessionId: 'ses_1' as SessionId,
    epoch: epoch as Epoch,
    startedUs: 1,
    seq: 1,
    activeMs,
    frames: 0,
    lateFrames: 0,
    atMs,
  },
});

describe('the bill of a GPU', () => {
  it('covers the sessions of its slots, wide ones too: what is left is idle, and never negative', () => {
    const use = fc.array(fc.record({ ms: fc.nat(HOUR), width: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    const nanos = fc.bigInt({ min: 0n, max: 10n ** 12n });
    fc.assert(
      fc.property(use, nanos, fc.integer({ min: 1, max: 8 }), (used, nano, gpus) => {
        const rates = [rate('r', nano)];
        const slots = used.reduce((sum, { width }) => sum + width, 0);
        const costs = used.map(({ ms, width }) => {
          const meter = meterAt(1, T0, slots, width, gpus);
          const cut = cutSegments(meter, reading(1, ms, T0 + HOUR), { rates, close: true });
          return cut.segments.reduce((sum, s) => sum + s.costNano, 0n);
        });
        const bill = gpuBillNano(up(T0, T0 + HOUR, gpus), rates, T0, T0 + HOUR);
        expect(sum(costs) <= bill).toBe(true);
      }),
    );
  });

  it('is paid in full by sessions that fill it for the whole hour, up to their roundings', () => {
    const rates = [rate('r', 2_400_000_001n)];
    const costs = [3, 4, 1].map((width) => {
      const cut = cutSegments(meterAt(1, T0, 8, width, 2), reading(1, HOUR, T0 + HOUR), {
        rates,
        close: true,
      });
      return sum(cut.segments.map(({ costNano }) => costNano));
    });
    expect(costs).toEqual([1_800_000_000n, 2_400_000_001n, 600_000_000n]);
    expect(gpuBillNano(up(T0, T0 + HOUR, 2), rates, T0, T0 + HOUR)).toBe(4_800_000_002n);
  });
});

describe('usage of a session', () => {
  it('adds up over its epochs', () => {
    const first = cutSegments(meterAt(1, T0, 2), reading(1, 10_000, T0 + 10_000), {
      rates: RATES,
      close: true,
    });
    const second = cutSegments(meterAt(2, T0 + 12_000, 4), reading(2, 4_000, T0 + 16_000), {
      rates: RATES,
      close: false,
    });
    const usage = sessionUsageOf('ses_1' as SessionId, first.segments, [first.meter, second.meter], {
      ...{ rates: RATES, final: false, live: [{ ...reading(2, 5_000, T0 + 17_000), seq: 2 }] },
    });
    expect(usage).toMatchObject({ activeMs: 15_000, asOfMs: T0 + 17_000, currency: 'GBP', final: false });
    expect(usage.costNano).toBe(3_333_333n + 833_333n);
  });

  it('falls into a window by its share of the time', () => {
    const [segment] = cutSegments(meterAt(1, T0, 2), reading(1, 10_000, T0 + 10_000), {
      rates: RATES,
      close: true,
    }).segments;
    if (!segment) throw new Error('no segment');
    expect(segmentWithin(segment, T0, T0 + HOUR)).toEqual({ costNano: segment.costNano, activeMs: 10_000 });
    expect(segmentWithin(segment, T0 + 5_000, T0 + HOUR).activeMs).toBe(5_000);
    expect(segmentWithin(segment, T0 + 10_000, T0 + HOUR)).toEqual({ costNano: 0n, activeMs: 0 });
  });
});
