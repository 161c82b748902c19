import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ActionRate } from './action-rate.ts';

const taken = (rate: ActionRate, atMs: readonly number[]) => atMs.filter((nowMs) => rate.take(nowMs)).length;

it('lets as many pass as the rate says, for ever', () => {
  const rate = new ActionRate(25, 0);
  const everyStepMs = Array.from({ length: 10_000 }, (_, at) => at * 40);
  expect(taken(rate, everyStepMs)).toBe(10_000);
});

it('lets two seconds’ worth pass at once after a pause, however long it was', () => {
  const rate = new ActionRate(25, 0);
  expect(taken(rate, new Array<number>(100).fill(3_600_000))).toBe(50);
  expect(taken(rate, new Array<number>(100).fill(3_601_000))).toBe(25);
});

it('never lets more pass than the rate and one burst', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 400 }), (pausesMs) => {
      const rate = new ActionRate(10, 0);
      let nowMs = 0;
      const passed = taken(
        rate,
        pausesMs.map((pauseMs) => (nowMs += pauseMs)),
      );
      expect(passed).toBeLessThanOrEqual(20 + nowMs / 100 + 1e-6);
    }),
  );
});
