import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Arrivals } from './arrivals.ts';

const LIMITS = { atOnce: 2, turnMs: 250, tellEveryMs: 2_000 };
const never = new AbortController().signal;

describe('Arrivals', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** Streams that come one after the other: who had its turn, how often each was told to wait, and how each ends its turn. */
  const come = async (signals: readonly AbortSignal[]) => {
    const arrivals = new Arrivals(LIMITS);
    const had: number[] = [];
    const told = signals.map(() => 0);
    const ends: (() => void)[] = [];
    const outcomes = signals.map(async (signal, at) => {
      ends[at] = await arrivals.take(signal, () => {
        told[at] = (told[at] ?? 0) + 1;
      });
      had.push(at);
    });
    await jest.advanceTimersByTimeAsync(0);
    return { had, told, ends, outcomes };
  };

  it('have their turn when one before them was let in', async () => {
    const { had, ends } = await come([never, never, never, never]);
    expect(had).toEqual([0, 1]);
    ends[1]?.();
    await jest.advanceTimersByTimeAsync(0);
    expect(had).toEqual([0, 1, 2]);
  });

  it('are not held up by a worker that says nothing', async () => {
    const { had } = await come([never, never, never, never, never]);
    await jest.advanceTimersByTimeAsync(249);
    expect(had).toEqual([0, 1]);
    await jest.advanceTimersByTimeAsync(1);
    expect(had).toEqual([0, 1, 2, 3]);
    await jest.advanceTimersByTimeAsync(250);
    expect(had).toEqual([0, 1, 2, 3, 4]);
  });

  it('end their turn once, whether they were let in or took too long', async () => {
    const { had, ends } = await come([never, never, never, never, never, never]);
    ends[0]?.();
    await jest.advanceTimersByTimeAsync(100);
    ends[0]?.();
    await jest.advanceTimersByTimeAsync(149);
    ends[0]?.();
    expect(had).toEqual([0, 1, 2]);
    await jest.advanceTimersByTimeAsync(1);
    expect(had).toEqual([0, 1, 2, 3, 4]);
  });

  it('hear that they wait, until they have their turn', async () => {
    const crowd = Array.from({ length: 2 * 17 + 1 }, () => never);
    const { told } = await come(crowd);
    await jest.advanceTimersByTimeAsync(1_999);
    expect(told.every((times) => times === 0)).toBe(true);
    await jest.advanceTimersByTimeAsync(8_000);
    expect(told.slice(0, 16).every((times) => times === 0)).toBe(true);
    expect(told.at(-1)).toBe(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leave the line when they have gone', async () => {
    const gone = new AbortController();
    const { had, ends, outcomes } = await come([never, never, gone.signal, never]);
    gone.abort(new Error('gone'));
    await expect(outcomes[2]).rejects.toThrow('gone');
    ends[0]?.();
    await jest.advanceTimersByTimeAsync(0);
    expect(had).toEqual([0, 1, 3]);
  });
});
