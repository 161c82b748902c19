import { describe, expect, it } from '@jest/globals';
import { DELIVERY_ATTEMPTS_MAX, isToBeDisabled, waitBeforeRetryMs } from './retries.ts';

const DAY_MS = 86_400_000;

describe('waitBeforeRetryMs', () => {
  it('waits longer each time, and gives up after three days', () => {
    const waits = Array.from({ length: DELIVERY_ATTEMPTS_MAX }, (_, i) => waitBeforeRetryMs(i + 1, 0));
    expect(waits.slice(0, 3)).toEqual([5_000, 300_000, 1_800_000]);
    expect(waits.at(-1)).toBeUndefined();
    const given = waits.slice(0, -1) as number[];
    expect(given).toEqual(given.toSorted((a, b) => a - b));
    const totalMs = given.reduce((sum, wait) => sum + wait, 0);
    expect(totalMs).toBeGreaterThan(3 * DAY_MS);
  });

  it('spreads by a tenth at most', () => {
    expect(waitBeforeRetryMs(1, 0.999)).toBe(5_500);
  });

  it('waits as long as the receiver asks, a day at most, and never less than it would', () => {
    expect(waitBeforeRetryMs(1, 0, 60_000)).toBe(60_000);
    expect(waitBeforeRetryMs(1, 0, 1)).toBe(5_000);
    expect(waitBeforeRetryMs(1, 0, 9 * DAY_MS)).toBe(DAY_MS);
    expect(waitBeforeRetryMs(DELIVERY_ATTEMPTS_MAX, 0, 60_000)).toBeUndefined();
  });
});

describe('isToBeDisabled', () => {
  it('gives a webhook five days', () => {
    expect(isToBeDisabled(0, 5 * DAY_MS - 1, 500)).toBe(false);
    expect(isToBeDisabled(0, 5 * DAY_MS, 500)).toBe(true);
    expect(isToBeDisabled(undefined, 9 * DAY_MS, undefined)).toBe(false);
  });

  it('believes a receiver that says it is gone', () => {
    expect(isToBeDisabled(1, 2, 410)).toBe(true);
    expect(isToBeDisabled(1, 2, 404)).toBe(false);
  });
});
