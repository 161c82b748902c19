import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keptSlots, type KeptFrom } from './kept-slots.ts';

const from = (over: Partial<KeptFrom> = {}): KeptFrom => ({
  ...{ priority: 'normal', isWithinTarget: false, waitedMs: 0, maxWaitMs: 600_000 },
  ...over,
});

describe('slots kept for others', () => {
  it('are about what the load strays in a short while', () => {
    expect([1, 3, 4, 9, 16, 100, 400].map((slots) => keptSlots(slots, 0, from()))).toEqual([
      0, 0, 0, 0, 1, 4, 9,
    ]);
  });

  it('grow by what is forecast, up to half of the pool', () => {
    expect([-5, 0, 4, 400].map((expected) => keptSlots(100, expected, from()))).toEqual([4, 4, 8, 49]);
  });

  it('are fewer the longer one has waited, and at last none', () => {
    const after = (waitedMs: number) => keptSlots(100, 0, from({ waitedMs }));
    expect([0, 100_000, 200_000, 300_000, 900_000].map(after)).toEqual([4, 3, 2, 0, 0]);
    expect(keptSlots(100, 0, from({ maxWaitMs: 0 }))).toBe(4);
  });

  it('are not kept from those who are served within the target, nor from high priority, but always from low', () => {
    expect(keptSlots(100, 0, from({ isWithinTarget: true }))).toBe(0);
    expect(keptSlots(100, 0, from({ priority: 'high' }))).toBe(0);
    expect(keptSlots(100, 0, from({ priority: 'low', isWithinTarget: true, waitedMs: 600_000 }))).toBe(4);
  });

  it('never grow faster than the pool', () => {
    const anyFrom = fc.record({
      priority: fc.constantFrom('low', 'normal', 'high'),
      isWithinTarget: fc.boolean(),
      waitedMs: fc.nat(700_000),
      maxWaitMs: fc.constantFrom(0, 60_000, 600_000),
    }) as fc.Arbitrary<KeptFrom>;
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(50), anyFrom, (slots, expected, who) => {
        expect(keptSlots(slots + 1, expected, who) - keptSlots(slots, expected, who)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
