import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Epoch, PoolId, RateId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { rollUp, type CountedSegment } from './roll-up.ts';
import { HOUR_MS, hourOf } from './usage-hour.ts';
import type { UsageSegment } from './usage.ts';

const segment = (over: Partial<UsageSegment> = {}): UsageSegment => ({
  ...{ sessionId: 'ses_1' as SessionId, tenantId: 'ten_1' as TenantId, epoch: 1 as Epoch },
  ...{ startsAtMs: 0, endsAtMs: HOUR_MS, region: 'us-east' as RegionId, workerId: 'w1' as WorkerId },
  ...{ pool: 'us-east/h100/gallery@1' as PoolId, gpuType: 'h100', model: 'gallery', modelVersion: '1' },
  ...{ purchase: 'on_demand', activeFromMs: 0, activeMs: 1, frames: 1, lateFrames: 0 },
  ...{ rateId: 'r' as RateId, currency: 'GBP', width: 1, slots: 3, gpus: 2, costNano: 1n },
  ...over,
});

/** A session's life: parts of active time, each in the next hour or in the same, at the same epoch or the next. */
const life = fc
  .array(fc.record({ activeMs: fc.nat(3 * 60_000), moves: fc.boolean(), waits: fc.boolean() }), {
    minLength: 1,
  })
  .map((parts) => {
    const counted: CountedSegment[] = [];
    let [epoch, beforeMs, activeFromMs, startsAtMs] = [1, 0, 0, 0];
    for (const { activeMs, moves, waits } of parts) {
      if (moves) [epoch, beforeMs, activeFromMs] = [epoch + 1, beforeMs + activeFromMs, 0];
      startsAtMs = waits ? hourOf(startsAtMs) + HOUR_MS : startsAtMs + 1;
      const one = segment({ epoch: epoch as Epoch, startsAtMs, activeFromMs, activeMs });
      counted.push({ segment: one, beforeMs });
      activeFromMs += activeMs;
    }
    return { counted, totalMs: beforeMs + activeFromMs };
  });

describe('hours', () => {
  it('add up to the minutes that the session began in its life, and count it once', () => {
    fc.assert(
      fc.property(life, ({ counted, totalMs }) => {
        const hours = rollUp(counted);
        const sum = (of: (hour: (typeof hours)[number]) => number) =>
          hours.reduce((a, hour) => a + of(hour), 0);
        expect(sum((hour) => hour.startedMinutes)).toBe(Math.ceil(totalMs / 60_000));
        expect(sum((hour) => hour.sessionsStarted)).toBe(totalMs > 0 ? 1 : 0);
        expect(sum((hour) => hour.activeMs)).toBe(totalMs);
        expect(sum((hour) => hour.segments)).toBe(counted.length);
      }),
    );
  });

  it('are the same, in whatever order the segments come', () => {
    fc.assert(
      fc.property(life, ({ counted }) => {
        const inOrder = rollUp(counted).toSorted((a, b) => a.hourMs - b.hourMs);
        const reversed = rollUp(counted.toReversed()).toSorted((a, b) => a.hourMs - b.hourMs);
        expect(reversed).toEqual(inOrder);
      }),
    );
  });

  it('tell tenants, pools, purchases and currencies apart', () => {
    const pool = 'us-east/a100/gallery@1' as PoolId;
    const different = [
      {},
      { tenantId: 'ten_2' as TenantId },
      { pool },
      { purchase: 'spot' },
      { currency: 'USD' },
    ];
    const counted = different.map((over) => ({
      segment: segment(over as Partial<UsageSegment>),
      beforeMs: 0,
    }));
    expect(rollUp(counted)).toHaveLength(5);
  });

  it('count a share of several GPUs, floored', () => {
    const [hour] = rollUp([{ segment: segment({ activeMs: 1_000 }), beforeMs: 0 }]);
    expect(hour?.gpuMs).toBe(666);
  });
});
