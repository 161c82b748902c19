import { expect, it } from '@jest/globals';
import { toRgba } from './rgba.ts';

it('keeps every pixel in its place, opaque', () => {
  const rgb = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251, 252]);
  expect([...toRgba(rgb, 2, 2)]).toEqual([1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 250, 251, 252, 255]);
});

it('refuses bytes of another size: a picture that is cut is not drawn', () => {
  expect(() => toRgba(new Uint8Array(11), 2, 2)).toThrow('11 bytes are not 2 x 2 pixels');
});
