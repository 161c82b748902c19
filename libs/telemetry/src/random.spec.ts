import { describe, expect, it } from '@jest/globals';
import { drawBytes } from './random.ts';

describe('drawBytes', () => {
  it('gives as many as asked for, and none of them twice', () => {
    const drawn = Array.from({ length: 2_000 }, () => drawBytes(16));
    expect(drawn.every((bytes) => bytes.length === 16)).toBe(true);
    expect(new Set(drawn.map((bytes) => bytes.toString('hex'))).size).toBe(2_000);
  });

  it('leaves what it gave as it is', () => {
    const first = drawBytes(16);
    const text = first.toString('hex');
    for (let i = 0; i < 1_000; i += 1) drawBytes(16);
    expect(first.toString('hex')).toBe(text);
  });
});
