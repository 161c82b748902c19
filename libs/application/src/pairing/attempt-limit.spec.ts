import { beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@meridian/testkit';
import { makeAttemptLimit, type AttemptLimit } from './attempt-limit.ts';

let clock: VirtualClock;
let limit: AttemptLimit;
beforeEach(() => {
  clock = new VirtualClock();
  limit = makeAttemptLimit(clock, { burst: 3, perMinute: 6 }, { burst: 8, perMinute: 60 });
});
const takes = (who: string, times: number) => Array.from({ length: times }, () => limit.take(who));

describe('a limit of attempts', () => {
  it('lets a burst through, then says for how long to wait', () => {
    expect(takes('a', 4)).toEqual([undefined, undefined, undefined, 10_000]);
    clock.advance(4_000);
    expect(limit.take('a')).toBe(6_000);
    clock.advance(6_000);
    expect(takes('a', 2)).toEqual([undefined, 10_000]);
  });

  it('counts each by itself, and all together', () => {
    takes('a', 3);
    expect(takes('b', 3)).toEqual([undefined, undefined, undefined]);
    expect(takes('c', 3)).toEqual([undefined, undefined, 1_000]);
    clock.advance(1_000);
    expect(limit.take('c')).toBeUndefined();
  });

  it('gives back what was no guess, and never more than the burst', () => {
    takes('a', 3);
    limit.giveBack('a');
    expect(takes('a', 2)).toEqual([undefined, 10_000]);
    clock.advance(3_600_000);
    limit.giveBack('a');
    expect(takes('a', 4).filter((wait) => wait === undefined)).toHaveLength(3);
  });

  it('holds the memory of many who try, and still counts who tried last', () => {
    const wide = makeAttemptLimit(clock, { burst: 1, perMinute: 1 }, { burst: 1e6, perMinute: 1 });
    for (let i = 0; i < 10_001; i += 1) wide.take(`w${i}`);
    expect(wide.take('w0')).toBeUndefined();
    expect(wide.take('w10000')).toBe(60_000);
  });
});
