import { describe, expect, it, jest } from '@jest/globals';
import { Gathering } from './gathering.ts';

describe('gathering', () => {
  it('lets one who comes after a pause go at once, and those after it together', async () => {
    jest.useFakeTimers();
    try {
      const gathering = new Gathering(20);
      const left: string[] = [];
      const go = (name: string) => gathering.turn().then(() => left.push(name));
      void go('first');
      await jest.advanceTimersByTimeAsync(0);
      expect(left).toEqual(['first']);
      void go('second');
      await jest.advanceTimersByTimeAsync(15);
      void go('third');
      expect(left).toEqual(['first']);
      await jest.advanceTimersByTimeAsync(5);
      expect(left).toEqual(['first', 'second', 'third']);
      await jest.advanceTimersByTimeAsync(100);
      void go('fourth');
      await jest.advanceTimersByTimeAsync(0);
      expect(left).toHaveLength(4);
    } finally {
      jest.useRealTimers();
    }
  });
});
