import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rttCapMs } from './latency-cap.ts';
import type { LatencyStep } from './placement.ts';
import { usableAfterMs } from './queue-reach.ts';

const STEPS: readonly LatencyStep[] = [
  { afterMs: 0, maxRttMs: 50 },
  { afterMs: 30_000, maxRttMs: 100 },
  { afterMs: 90_000, maxRttMs: null },
];

it('says from which wait on the steps and the own cap let a region be used', () => {
  expect([40, 80, 200].map((rttMs) => usableAfterMs(rttMs, {}, STEPS))).toEqual([0, 30_000, 90_000]);
  expect([8, 12, 16, 17].map((rttMs) => usableAfterMs(rttMs, { maxRttMs: 8 }, []))).toEqual([
    0, 20_000, 40_000, 45_000,
  ]);
  expect(usableAfterMs(25, { maxRttMs: 8 }, [])).toBe(Infinity);
  expect(usableAfterMs(80, { maxRttMs: 60 }, STEPS)).toBe(30_000);
  expect(usableAfterMs(200, { maxRttMs: 60 }, STEPS)).toBe(Infinity);
  expect(usableAfterMs(200, {}, STEPS.slice(0, 2))).toBe(Infinity);
});

it('agrees with the cap that placement applies', () => {
  const anySteps = fc.constantFrom<readonly LatencyStep[]>([], STEPS, STEPS.slice(0, 1), STEPS.slice(1));
  const anyCap = fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined });
  fc.assert(
    fc.property(fc.nat(400), anyCap, anySteps, fc.nat(200_000), (rttMs, cap, latencySteps, waitedMs) => {
      const request = cap === undefined ? {} : { maxRttMs: cap };
      const fromMs = usableAfterMs(rttMs, request, latencySteps);
      // The own cap grows without steps: at the very ms, rounding decides.
      if (Math.abs(fromMs - waitedMs) < 1) return;
      expect(fromMs < waitedMs).toBe(rttMs <= rttCapMs(request, { latencySteps }, waitedMs));
    }),
  );
});
