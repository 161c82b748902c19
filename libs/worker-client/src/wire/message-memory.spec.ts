import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MessageMemory } from './message-memory.ts';

const KB = 1024;

describe('MessageMemory', () => {
  it('gives the buffer that came back last to whoever asks for that size', () => {
    const memory = new MessageMemory();
    const [first, second] = [memory.take(20 * KB), memory.take(20 * KB)];
    memory.giveBack(first);
    memory.giveBack(second);
    expect(memory.take(20 * KB + 1)).toBe(second);
    expect(memory.take(20 * KB)).toBe(first);
    expect(memory.take(20 * KB)).not.toBe(second);
  });

  it('keeps a small message from holding a large buffer', () => {
    const memory = new MessageMemory();
    memory.giveBack(memory.take(200 * KB));
    expect(memory.take(1 * KB).length).toBeLessThanOrEqual(8 * KB);
  });

  it('never gives one buffer to two, and always one that is large enough', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 * KB }), fc.boolean()), { maxLength: 50 });
    fc.assert(
      fc.property(steps, (wanted) => {
        const memory = new MessageMemory();
        const held = new Set<Buffer>();
        for (const [bytes, isGivenBack] of wanted) {
          const buffer = memory.take(bytes);
          expect(buffer.length).toBeGreaterThanOrEqual(bytes);
          expect(held.has(buffer)).toBe(false);
          if (isGivenBack) memory.giveBack(buffer);
          else held.add(buffer);
        }
      }),
    );
  });

  it('keeps 4 MiB and no more, and none above 256 KiB', () => {
    const memory = new MessageMemory();
    const taken = Array.from({ length: 20 }, () => memory.take(256 * KB));
    for (const buffer of taken) memory.giveBack(buffer);
    const again = taken.map(() => memory.take(256 * KB)).filter((buffer) => taken.includes(buffer));
    expect(again.length).toBe(16);
    const large = memory.take(257 * KB);
    memory.giveBack(large);
    expect(memory.take(257 * KB)).not.toBe(large);
  });
});
