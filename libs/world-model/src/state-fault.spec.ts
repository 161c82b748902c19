import { expect, it } from '@jest/globals';
import { stateFault } from './state-fault.ts';

const FLOATS = { stateBytes: 12, stateType: 'float32' } as const;
const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

it('finds nothing wrong with a state that a model can use, wherever in memory it lies', () => {
  const state = bytesOf(1, -0, 3e38);
  expect(stateFault(FLOATS, state)).toBeUndefined();
  const shifted = new Uint8Array(13);
  shifted.set(state, 1);
  expect(stateFault(FLOATS, shifted.subarray(1))).toBeUndefined();
  expect(stateFault({ stateBytes: 4, stateType: 'uint8' }, bytesOf(Number.NaN))).toBeUndefined();
});

it.each([
  ['too short', bytesOf(1, 2), 'has 8 bytes, not 12'],
  ['NaN', bytesOf(1, Number.NaN, 3), 'Value 1 '],
  ['endless', bytesOf(1, 2, -Infinity), 'Value 2 '],
])('says what is wrong with one that is %s', (_, state, words) =>
  expect(stateFault(FLOATS, state)).toContain(words),
);
