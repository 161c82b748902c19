import { describe, expect, it } from '@jest/globals';
import type { Epoch, PoolId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { judgeReading } from './judge-reading.ts';
import { openMeter } from './meter.ts';
import type { PurchaseKind } from './purchase.ts';
import type { MeterReading } from './usage.ts';

const T0 = Date.UTC(2026, 10, 2, 10);
const lease = {
  ...{ region: 'us-east' as RegionId, pool: 'us-east/h100/gallery@1' as PoolId, workerId: 'w1' as WorkerId },
  ...{
    workerAddress: 'w1:1',
    slot: 0,
    width: 1,
    slots: 2,
    gpus: 1,
    purchase: 'on_demand' as PurchaseKind,
    epoch: 1 as Epoch,
  },
};
const meter = openMeter('ten_1' as TenantId, 'ses_1' as SessionId, lease, T0);
const reading = (over: Partial<MeterReading>): MeterReading => ({
  ...{
    sessionId: meter.sessionId,
    epoch: meter.epoch,
    startedUs: 0,
    seq: 1,
    activeMs: 0,
    frames: 0,
    lateFrames: 0,
  },
  ...{ atMs: T0 + 1_000, ...over },
});
const judge = (over: Partial<MeterReading>, closedAtMs?: number) =>
  judgeReading(meter, reading(over), { nowMs: T0 + 3_600_000, closedAtMs });

describe('a reading', () => {
  it('counts up to the bounds, and not beyond them', () => {
    expect(judge({ atMs: T0 + 3_660_000 })).toBeUndefined();
    expect(judge({ atMs: T0 + 3_660_001 })).toBe('clock_ahead');
    expect(judge({ activeMs: 61_000 })).toBeUndefined();
    expect(judge({ activeMs: 61_001 })).toBe('impossible_rate');
    expect(judge({ frames: 61 * 240 })).toBeUndefined();
    expect(judge({ frames: 61 * 240 + 1 })).toBe('impossible_rate');
  });

  it('that is held up counts by the time of its epoch, not by the reading before', () => {
    const held = { ...meter, last: { atMs: T0 + 3_599_000, activeMs: 1_000, frames: 25, lateFrames: 0 } };
    const late = reading({ atMs: T0 + 3_600_000, activeMs: 3_600_000, frames: 90_000 });
    expect(judgeReading(held, late, { nowMs: T0 + 3_600_000 })).toBeUndefined();
  });

  it('of a session that is over counts what there was time for until then', () => {
    const at = { atMs: T0 + 600_000 };
    expect(judge({ ...at, activeMs: 70_000 }, T0 + 10_000)).toBeUndefined();
    expect(judge({ ...at, activeMs: 70_001 }, T0 + 10_000)).toBe('after_close');
  });

  it('whose counters fell does not count, whichever of them it is', () => {
    const before = { ...meter, last: { atMs: T0, activeMs: 10, frames: 10, lateFrames: 10 } };
    const same = { activeMs: 10, frames: 10, lateFrames: 10 };
    const judged = (over: Partial<MeterReading>) =>
      judgeReading(before, reading({ ...same, ...over }), { nowMs: T0 + 3_600_000 });
    expect(judged({})).toBeUndefined();
    for (const fell of [{ activeMs: 9 }, { frames: 9 }, { lateFrames: 9 }]) {
      expect(judged(fell)).toBe('went_backwards');
    }
  });
});
