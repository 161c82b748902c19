import { expect, it } from '@jest/globals';
import { settle } from '../testing/virtual-clock.ts';
import { Lane } from './lane.ts';

/** Tasks that end when they are told to. */
function tasks(lane: Lane, count: number) {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const results = Array.from({ length: count }, (_, i) =>
    lane.run(async () => {
      started.push(i);
      await new Promise<void>((resolve) => {
        ends[i] = resolve;
      });
      if (i === 1) throw new Error('task 1 failed');
      return i;
    }),
  );
  const end = async (i: number): Promise<void> => {
    ends[i]?.();
    await settle();
  };
  return { started, results, end };
}

it('runs so many at once, the others in the order in which they came, whatever becomes of those before', async () => {
  const { started, results, end } = tasks(new Lane(2), 4);
  results[1]?.catch(() => undefined);
  await settle();
  expect(started).toEqual([0, 1]);
  await end(1);
  expect(started).toEqual([0, 1, 2]);
  await end(0);
  expect(started).toEqual([0, 1, 2, 3]);
  await end(2);
  await end(3);
  expect(await Promise.allSettled(results)).toMatchObject([
    { value: 0 },
    { reason: new Error('task 1 failed') },
    { value: 2 },
    { value: 3 },
  ]);
});

it('has all its places again when everybody has left', async () => {
  const lane = new Lane(1);
  for (let i = 0; i < 3; i += 1) expect(await lane.run(() => Promise.resolve(i))).toBe(i);
});
