import { expect, it } from '@jest/globals';
import { VirtualClock } from '@meridian/testkit';
import { StoreUnavailable } from '../ports/lease-store.ts';
import { keepAnswers } from './keep-answers.ts';

const AGE_MS_MAX = 5_000;

function asked() {
  const clock = new VirtualClock();
  const store = { reads: 0, error: undefined as Error | undefined };
  const answer = keepAnswers(AGE_MS_MAX, clock, async (key: string) => {
    if (store.error) throw store.error;
    store.reads += 1;
    return `${key} ${store.reads}`;
  });
  return { clock, store, answer };
}

it('asks once for many who come together, and then not for half of the time that an answer is kept', async () => {
  const { clock, store, answer } = asked();
  expect(await Promise.all([answer('a'), answer('a'), answer('b')])).toEqual(['a 1', 'a 1', 'b 2']);
  clock.advance(AGE_MS_MAX / 2 - 1);
  expect(await answer('a')).toBe('a 1');
  expect(store.reads).toBe(2);
});

it('asks again before an answer is too old, and nobody waits for that', async () => {
  const { clock, answer } = asked();
  await answer('a');
  clock.advance(AGE_MS_MAX / 2);
  expect(await answer('a')).toBe('a 1');
  expect(await answer('a')).toBe('a 2');
});

it('gives what was known last while the store is away, and a fault to who comes first or when it is another', async () => {
  const { clock, store, answer } = asked();
  await answer('a');
  store.error = new StoreUnavailable('postgres');
  clock.advance(10 * AGE_MS_MAX);
  expect(await answer('a')).toBe('a 1');
  await expect(answer('b')).rejects.toBe(store.error);
  store.error = new Error('a bug');
  await expect(answer('a')).rejects.toBe(store.error);
  store.error = undefined;
  expect(await answer('a')).toBe('a 2');
});
