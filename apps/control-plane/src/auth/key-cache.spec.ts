import { beforeEach, describe, expect, it } from '@jest/globals';
import { aTenant, VirtualClock } from '@meridian/testkit';
import { cacheKeys, type Authenticate } from './key-cache.ts';

describe('cacheKeys', () => {
  const clock = new VirtualClock();
  let asked: string[];
  let live: Set<string>;
  let authenticate: Authenticate;

  beforeEach(() => {
    asked = [];
    live = new Set(['mk_a']);
    authenticate = cacheKeys(async (secret) => {
      asked.push(secret);
      return live.has(secret) ? { tenant: aTenant() } : undefined;
    }, clock);
  });

  it('asks once in 5 s for a key that is known', async () => {
    await authenticate('mk_a');
    clock.advance(4_999);
    expect(await authenticate('mk_a')).toMatchObject({ tenant: aTenant() });
    expect(asked).toEqual(['mk_a']);
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
