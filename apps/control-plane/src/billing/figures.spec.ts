import { expect, it } from '@jest/globals';
import { decimalOf, perFrameNanoOf, perUserHourOf } from './figures.ts';

it.each([
  [1_200_000_000n, '1.2'],
  [1n, '0.000000001'],
  [-1_500_000_000n, '-1.5'],
  [0n, '0'],
  [123_456_789_012_345_678_901n, '123456789012.345678901'],
])('writes %d nano as %s', (nano, text) => expect(decimalOf(nano)).toBe(text));

it('tells what a user-hour and a frame cost: the field’s band is 8.9 to 17.8 millionths a frame (example 10)', () => {
  expect(perUserHourOf(1_200_000_000n, 3_600_000)).toBe(1.2);
  expect(perUserHourOf(1n, 0)).toBeNull();
  expect(perFrameNanoOf(800_000_000n, 90_000)).toBeCloseTo(8_888.9, 1);
  expect(perFrameNanoOf(1_600_000_000n, 90_000)).toBeCloseTo(17_777.8, 1);
  expect(perFrameNanoOf(1n, 0)).toBeNull();
});
