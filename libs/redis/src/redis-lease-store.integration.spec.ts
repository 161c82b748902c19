import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addWorker,
  beat,
  epoch,
  openRegion,
  REGION,
  report,
  reserveFor,
  session,
  until,
  worker,
} from './testing/fixture.ts';
import type { RegionFixture } from './testing/fixture.ts';

const HOUR_MS = 3_600_000;

describe('RedisLeaseStore', () => {
  let region: RegionFixture;
  beforeEach(async () => {
    region = await openRegion({ staleMs: HOUR_MS });
  });
  afterEach(() => region.redises.close());

  it('gives 100 callers at once exactly the 10 slots there are, each to one of them (L1)', async () => {
    for (let i = 0; i < 5; i++) await addWorker(region, { workerId: worker(i), slots: 2 });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => reserveFor(region, session(i))));
    const taken = answers.flatMap((lease) => (lease ? [`${lease.workerId}#${lease.slot}`] : []));
    expect(taken).toHaveLength(10);
    expect(new Set(taken).size).toBe(10);
  });

  it('gives callers who ask at once for one session one lease (L3)', async () => {
    await addWorker(region, { slots: 8 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => reserveFor(region, session('same'))));
    expect(new Set(answers.map((lease) => lease?.slot))).toEqual(new Set([0]));
    expect((await region.registry.list(REGION))[0]?.usedSlots).toBe(1);
  });

  it('answers with the lease it gave, also when it would choose otherwise now (L3)', async () => {
    for (const id of ['a', 'b']) await addWorker(region, { workerId: worker(id) });
    const first = await reserveFor(region, session('asks twice'));
    await region.registry.setDraining(REGION, worker('a'), true);
    expect(await reserveFor(region, session('asks twice'))).toEqual(first);
  });

  it('gives one of two epochs that race for a session the last word, and frees the other slot (L2)', async () => {
    await addWorker(region, { slots: 8 });
    await Promise.all([2, 5, 3, 4].map((at) => reserveFor(region, session('moving'), { epoch: epoch(at) })));
    expect((await region.leases.find(REGION, session('moving')))?.epoch).toBe(5);
    expect((await region.registry.list(REGION))[0]?.usedSlots).toBe(1);
  });

  it('packs: the worker with the fewest free slots first, then the lowest id', async () => {
    for (const id of ['b', 'a', 'c']) await addWorker(region, { workerId: worker(id), slots: 2 });
    const order = [];
    for (let i = 0; i < 5; i++) order.push((await reserveFor(region, session(i)))?.workerId);
    expect(order).toEqual(['a', 'a', 'b', 'b', 'c'].map(worker));
  });

  it('frees a slot by expiry alone, for whoever asks next', async () => {
    await addWorker(region, { slots: 1 });
    await reserveFor(region, session('crashed'), { ttlMs: 500 });
    expect(await reserveFor(region, session('early'))).toBeUndefined();
    await untilLapsed(region, 'crashed');
    expect((await reserveFor(region, session('late')))?.slot).toBe(0);
    expect(await region.leases.release(REGION, session('crashed'), epoch(1))).toBe(false);
  });

  it('frees more lapsed leases than one sweep takes', async () => {
    await addWorker(region, { slots: 450 });
    await Promise.all(Array.from({ length: 450 }, (_, i) => reserveFor(region, session(i), { ttlMs: 300 })));
    await untilLapsed(region, '449');
    expect((await region.registry.list(REGION))[0]?.usedSlots).toBe(0);
  });

  it('avoids the workers it is asked to avoid, draining ones and ones before their first heartbeat', async () => {
    for (const id of ['a', 'b', 'c']) await addWorker(region, { workerId: worker(id) });
    await region.registry.setDraining(REGION, worker('b'), true);
    const lease = await reserveFor(region, session(1), { exclude: [worker('a')] });
    expect(lease?.workerId).toBe(worker('c'));
  });

  it('keeps the older lease when a re-placement finds no other slot', async () => {
    await addWorker(region, { slots: 1 });
    await reserveFor(region, session('stuck'));
    const moved = await reserveFor(region, session('stuck'), { epoch: epoch(2), exclude: [worker(1)] });
    expect(moved).toBeUndefined();
    expect((await region.leases.find(REGION, session('stuck')))?.epoch).toBe(1);
  });

  it('does not offer a worker that is silent, and offers it again after its heartbeat', async () => {
    const hasty = await openRegion({ staleMs: 500 });
    await addWorker(hasty);
    await until(async () => (await hasty.registry.list(REGION))[0]?.health === 'lost');
    expect(await reserveFor(hasty, session(1))).toBeUndefined();
    await hasty.registry.heartbeat(beat({ seq: 2 }));
    expect(await reserveFor(hasty, session(1))).toBeDefined();
    hasty.redises.close();
  });

  it('counts slots as the newest heartbeat has them', async () => {
    await addWorker(region, { slots: 3 });
    await reserveFor(region, session(1));
    await region.registry.heartbeat(beat({ seq: 2, slots: 1, sessions: [report(session(1))] }));
    expect(await reserveFor(region, session(2))).toBeUndefined();
  });
});

const untilLapsed = (region: RegionFixture, name: string): Promise<void> =>
  until(async () => (await region.leases.find(REGION, session(name))) === undefined);
