import { describe, expect, it } from '@jest/globals';
import { isPicture, PICTURES } from './picture.ts';

describe('pictures', () => {
  it('are told from whatever else a browser has stored', () => {
    expect(Object.keys(PICTURES).every(isPicture)).toBe(true);
    for (const other of [null, '', 'toString', 'raw']) expect(isPicture(other)).toBe(false);
  });

  it('leave it to the worker unless the player chose', () => {
    expect(PICTURES.standard.format).toEqual({});
  });
});
