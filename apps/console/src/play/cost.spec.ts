import { describe, expect, it } from '@jest/globals';
import type { Usage } from '@meridian/sdk';
import { costNow } from './cost.ts';

const usage: Usage = {
  ...{ sessionId: 'ses_a', activeMs: 3_000, frames: 75, lateFrames: 0, currency: 'GBP' },
  ...{ costNano: '1000000', poundsPerUserHour: 1.2, final: false, asOf: '2026-11-22T17:00:00.000Z' },
};

describe('costNow', () => {
  it('runs on from the meter at its rate while the world runs', () => {
    expect(costNow(usage, 0, true)).toBe(1_000_000n);
    expect(costNow(usage, 3_000, true)).toBe(2_000_000n);
  });

  it('stands still when the world does, when the end is known, and when the meter is silent for long', () => {
    expect(costNow(usage, 3_000, false)).toBe(1_000_000n);
    expect(costNow({ ...usage, final: true }, 3_000, true)).toBe(1_000_000n);
    expect(costNow(usage, 60_000, true)).toBe(costNow(usage, 5_000, true));
    expect(costNow(undefined, 3_000, true)).toBe(0n);
  });
});
