import { beforeEach, describe, expect, it } from '@jest/globals';
import { aTenant, VirtualClock } from '@meridian/testkit';
import { cacheKeys, type Authenticate } from './key-cache.ts';

describe('cacheKeys', () => {
  const clock = new VirtualClock();
  let asked: string[];
  let live: Set<string>;
  let reply: Promise<void>;
  let authenticate: Authenticate;

  beforeEach(() => {
    asked = [];
    live = new Set(['mk_a']);
    reply = Promise.resolve();
    authenticate = cacheKeys(async (secret) => {
      asked.push(secret);
      const isLive = live.has(secret);
      await reply;
      return isLive ? { tenant: aTenant() } : undefined;
    }, clock);
  });

  it('asks once in 4 s for a key that is known', async () => {
    await authenticate('mk_a');
    clock.advance(3_999);
    expect(await authenticate('mk_a')).toMatchObject({ tenant: aTenant() });
    expect(asked).toEqual(['mk_a']);
  });

  it('asks once, however many come with a key', async () => {
    await Promise.all(Array.from({ length: 50 }, () => authenticate('mk_a')));
    clock.advance(5_000);
    await Promise.all(Array.from({ length: 50 }, () => authenticate('mk_a')));
    expect(asked).toEqual(['mk_a', 'mk_a']);
  });

  it('lets nobody wait for a key that is in use', async () => {
    await authenticate('mk_a');
    clock.advance(4_000);
    reply = new Promise(() => undefined);
    expect(await authenticate('mk_a')).toMatchObject({ tenant: aTenant() });
    expect(await authenticate('mk_a')).toMatchObject({ tenant: aTenant() });
    expect(asked).toEqual(['mk_a', 'mk_a']);
  });

  it('goes on for 5 s while keys cannot be looked up, and tells then', async () => {
    await authenticate('mk_a');
    clock.advance(4_000);
    reply = Promise.reject(new Error('away'));
    expect(await authenticate('mk_a')).toBeDefined();
    await new Promise(setImmediate);
    clock.advance(1_000);
    await expect(authenticate('mk_a')).rejects.toThrow('away');
  });

  it('does not tell who comes with a new key what was found before it was made', async () => {
    const before = authenticate('mk_b');
    const after = authenticate('mk_b');
    live.add('mk_b');
    expect([await before, await after]).toEqual([undefined, { tenant: aTenant() }]);
  });

  it('lets a revoked key in for 5 s at most', async () => {
    await authenticate('mk_a');
    live.delete('mk_a');
    clock.advance(5_000);
    expect(await authenticate('mk_a')).toBeUndefined();
  });

  it('lets a new key in at once, for unknown keys are not kept', async () => {
    expect(await authenticate('mk_b')).toBeUndefined();
    live.add('mk_b');
    expect(await authenticate('mk_b')).toBeDefined();
  });

  it('holds a bounded number of keys', async () => {
    for (let index = 0; index < 10_001; index += 1) {
      live.add(`mk_${index}`);
      await authenticate(`mk_${index}`);
    }
    asked = [];
    await authenticate('mk_0');
    await authenticate('mk_10000');
    expect(asked).toEqual(['mk_0']);
  });
});
