import { describe, expect, it } from '@jest/globals';
import { EpochMemory } from './epoch-memory.ts';

describe('the memory of epochs', () => {
  it('keeps the highest, and that it has ended', () => {
    const memory = new EpochMemory();
    memory.note('a', 2, true);
    memory.note('a', 1, false);
    memory.note('a', 2, false);
    expect(memory.get('a')).toEqual({ epoch: 2, ended: true });
    memory.note('a', 3, false);
    expect(memory.get('a')).toEqual({ epoch: 3, ended: false });
  });

  it('is bounded: the session touched longest ago goes first', () => {
    const memory = new EpochMemory(2);
    memory.note('a', 1, false);
    memory.note('b', 1, false);
    memory.note('a', 2, false);
    memory.note('c', 1, false);
    expect(memory.get('b')).toBeUndefined();
    expect(memory.get('a')).toEqual({ epoch: 2, ended: false });
  });
});
