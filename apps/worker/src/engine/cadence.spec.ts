import { describe, expect, it } from '@jest/globals';
import { isLate, nextDue } from './cadence.ts';

const INTERVAL = 40_000;

describe('the next deadline', () => {
  it('is one interval on, whenever in its interval the step ended', () => {
    expect(nextDue(0, 2_000, INTERVAL)).toEqual({ dueUs: 40_000, skipped: 0 });
    expect(nextDue(0, 39_999, INTERVAL)).toEqual({ dueUs: 40_000, skipped: 0 });
  });

  it('may just have passed: the cadence is caught up with, on the same grid', () => {
    expect(nextDue(0, 70_000, INTERVAL)).toEqual({ dueUs: 40_000, skipped: 0 });
  });

  it('is never a whole interval ago: those frames are skipped', () => {
    expect(nextDue(0, 80_000, INTERVAL)).toEqual({ dueUs: 80_000, skipped: 1 });
    expect(nextDue(0, 1_010_000, INTERVAL)).toEqual({ dueUs: 1_000_000, skipped: 24 });
  });
});

describe('a frame', () => {
  it('is late when it is sent more than 40 ms after its step was due', () => {
    expect(isLate(5, 40_005)).toBe(false);
    expect(isLate(5, 40_006)).toBe(true);
  });
});
