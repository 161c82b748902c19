import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

/** What was taken, in order; waits until all that can be taken is. */
const taking = (turns: Turns, signals: readonly AbortSignal[]) => {
  const taken: number[] = [];
  const ends: (() => void)[] = [];
  const outcomes = signals.map(async (signal, at) => {
    const end = await turns.take(signal);
    taken.push(at);
    ends[at] = end;
  });
  return { taken, ends, outcomes };
};

describe('Turns', () => {
  it('are so many at once, first come first served', async () => {
    const { taken, ends } = taking(new Turns(2), [never, never, never, never]);
    await setImmediate();
    expect(taken).toEqual([0, 1]);
    ends[1]?.();
    await setImmediate();
    expect(taken).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await setImmediate();
    expect(taken).toEqual([0, 1, 2, 3]);
  });

  it('end once, however often they are ended', async () => {
    const { taken, ends } = taking(new Turns(1), [never, never, never]);
    await setImmediate();
    ends[0]?.();
    ends[0]?.();
    await setImmediate();
    expect(taken).toEqual([0, 1]);
  });

  it('pass over who gave up waiting', async () => {
    const impatient = new AbortController();
    const { taken, ends, outcomes } = taking(new Turns(1), [never, impatient.signal, never]);
    await setImmediate();
    impatient.abort(new Error('gave up'));
    await expect(outcomes[1]).rejects.toThrow('gave up');
    ends[0]?.();
    await setImmediate();
    expect(taken).toEqual([0, 2]);
  });

  it('are not taken by who has given up already', async () => {
    const turns = new Turns(1);
    await expect(turns.take(AbortSignal.abort(new Error('gave up')))).rejects.toThrow('gave up');
    await turns.take(never);
  });
});
