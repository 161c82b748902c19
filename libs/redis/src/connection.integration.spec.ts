// A Redis that is away fails fast, so that placement goes on with the next region; it is back as soon as it answers.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StoreUnavailable } from '@meridian/application';
import { openTcpLink } from '@meridian/testkit';
import type { TcpLink } from '@meridian/testkit';
import { connectRedis, whenReady } from './connect.ts';
import { RedisLeaseStore } from './redis-lease-store.ts';
import { RegionRedises } from './regions.ts';
import {
  addWorker,
  openRegion,
  REGION,
  reserveFor,
  session,
  testRedisUrl,
  until,
} from './testing/fixture.ts';
import type { RegionFixture } from './testing/fixture.ts';

describe('a Redis behind a bad link', () => {
  let link: TcpLink;
  let url: URL;
  let region: RegionFixture;
  beforeEach(async () => {
    url = new URL(testRedisUrl());
    link = await openTcpLink(url.hostname, Number(url.port || 6379));
    url.host = `127.0.0.1:${link.port}`;
    region = await openRegion({ staleMs: 3_600_000 }, url.href);
    await addWorker(region);
  });
  afterEach(async () => {
    region.redises.close();
    await link.close();
  });

  const refused = () => expect(reserveFor(region, session('a'))).rejects.toThrow(StoreUnavailable);
  const isBack = async () => {
    await until(() => region.redises.answers(REGION));
    expect(await reserveFor(region, session('b'))).toBeDefined();
  };

  it('fails at once when the connection breaks, says so in its snapshot, and reconnects', async () => {
    await link.cut();
    const startedMs = performance.now();
    await refused();
    expect(await region.registry.snapshot(REGION)).toEqual({
      ...{ region: REGION, jurisdiction: 'us', reachable: false, pools: [] },
    });
    expect(performance.now() - startedMs).toBeLessThan(500);
    await link.mend();
    await isBack();
  });

  it('fails within a second or so when nothing answers', async () => {
    link.hang();
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 50 }, refused));
    expect(performance.now() - startedMs).toBeLessThan(1500);
    await link.mend();
    await isBack();
  });

  it('fails at once when it was never there, and connects when it comes', async () => {
    await link.cut();
    const connection = connectRedis(url.href);
    const redises = new RegionRedises([{ region: REGION, jurisdiction: 'us', connection }]);
    try {
      expect(await whenReady(connection, 50)).toBe(false);
      await expect(new RedisLeaseStore(redises).find(REGION, session('a'))).rejects.toThrow(StoreUnavailable);
      await link.mend();
      expect(await whenReady(connection, 4000)).toBe(true);
    } finally {
      redises.close();
    }
  });

  it('sends its scripts again to a server that has lost them', async () => {
    await region.connection.script('FLUSH');
    expect(await reserveFor(region, session('a'))).toBeDefined();
  });

  it('does not hide a bug of a script as an absence', async () => {
    const call = region.redises.call(REGION, (redis) => redis.eval('return redis.call("NOSUCH")', 0));
    await expect(call).rejects.not.toThrow(StoreUnavailable);
  });
});
