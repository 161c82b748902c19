import { describe, expect, it } from '@jest/globals';
import { Batches, type BatchOptions } from './batches.ts';

/** Batches that end when the test says so. */
function held(options: Partial<BatchOptions> = {}) {
  const batches: { readonly items: readonly number[]; readonly end: (failure?: Error) => void }[] = [];
  let arrived = (): void => undefined;
  const run = (items: readonly number[]) =>
    new Promise<PromiseSettledResult<number>[]>((resolve, reject) => {
      const done = items.map((item) => ({ status: 'fulfilled' as const, value: item * 10 }));
      batches.push({ items, end: (failure) => (failure ? reject(failure) : resolve(done)) });
      arrived();
    });
  const calls = new Batches<number, number>(run, { lanes: 1, sizeMax: 3, waitingMax: 5, ...options });
  /** The batch of this number, as soon as it runs. */
  const batch = async (number: number) => {
    while (!batches[number]) await new Promise<void>((resolve) => (arrived = resolve));
    return batches[number];
  };
  return { calls, batch, batches };
}

describe('batches', () => {
  it('run a call at once, and what comes meanwhile together, in its order', async () => {
    const { calls, batch } = held();
    const first = calls.add(1);
    const { items, end } = await batch(0);
    expect(items).toEqual([1]);
    const others = [2, 3, 4, 5].map((item) => calls.add(item));
    end();
    expect(await first).toBe(10);
    expect((await batch(1)).items).toEqual([2, 3, 4]);
    (await batch(1)).end();
    expect((await batch(2)).items).toEqual([5]);
    (await batch(2)).end();
    expect(await Promise.all(others)).toEqual([20, 30, 40, 50]);
  });

  it('run as many at once as there are lanes', async () => {
    const { calls, batch, batches } = held({ lanes: 2, sizeMax: 1 });
    const outcomes = Promise.all([1, 2, 3].map((item) => calls.add(item)));
    await batch(1);
    expect(batches.map(({ items }) => items)).toEqual([[1], [2]]);
    for (const number of [0, 1, 2]) (await batch(number)).end();
    expect(await outcomes).toEqual([10, 20, 30]);
  });

  it('fail those of a batch that fails, and no others', async () => {
    const { calls, batch } = held();
    const first = calls.add(1);
    (await batch(0)).end(new Error('away'));
    await expect(first).rejects.toThrow('away');
    const second = calls.add(2);
    (await batch(1)).end();
    expect(await second).toBe(20);
  });

  it('refuse, for the caller to come again, who would wait behind too many', async () => {
    const { calls, batch } = held({ waitingMax: 2 });
    const taken = [calls.add(1)];
    const { end } = await batch(0);
    taken.push(calls.add(2), calls.add(3));
    await expect(calls.add(4)).rejects.toMatchObject({ name: 'StoreUnavailable', store: 'postgres' });
    end();
    (await batch(1)).end();
    expect(await Promise.all(taken)).toEqual([10, 20, 30]);
    const later = calls.add(5);
    (await batch(2)).end();
    expect(await later).toBe(50);
  });
});
