// L4. Redis is rebuilt from the workers: what is lost with it comes back with their next heartbeats.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Incarnation } from '@meridian/domain';
import {
  addWorker,
  beat,
  epoch,
  openRegion,
  REGION,
  registration,
  report,
  reserveFor,
  session,
  worker,
} from './testing/fixture.ts';
import type { RegionFixture } from './testing/fixture.ts';

const HOUR_MS = 3_600_000;

describe('a region whose Redis lost everything', () => {
  let region: RegionFixture;
  beforeEach(async () => {
    region = await openRegion({ staleMs: HOUR_MS });
    await addWorker(region, { slots: 2 });
    await reserveFor(region, session('a'));
    await region.registry.heartbeat(beat({ seq: 2, sessions: [report(session('a'))] }));
    await forgetAll(region);
  });
  afterEach(() => region.redises.close());

  it('asks workers to register again, and offers none before they have said what they run', async () => {
    expect(await region.registry.heartbeat(beat({ seq: 3 }))).toEqual({ kind: 'unknown' });
    await region.registry.register(registration());
    expect(await reserveFor(region, session('new'))).toBeUndefined();
  });

  it('has every running session, its slot and its counters again after one heartbeat', async () => {
    await region.registry.register(registration());
    await region.registry.heartbeat(
      beat({ seq: 3, sessions: [report(session('a'), { seq: 2, activeMs: 2000 })] }),
    );
    expect(await region.leases.find(REGION, session('a'))).toMatchObject({ workerId: worker(1), epoch: 1 });
    expect(await region.meters.read(REGION, session('a'))).toMatchObject([{ seq: 2, activeMs: 2000 }]);
    expect((await reserveFor(region, session('b')))?.slot).toBe(1);
    expect(await reserveFor(region, session('c'))).toBeUndefined();
  });

  it('has every slot of a wide session again, as its worker reports it', async () => {
    await region.registry.register(registration({ slots: 4, gpus: 2 }));
    const wide = report(session('wide'), { width: 3 });
    await region.registry.heartbeat(beat({ seq: 3, slots: 4, sessions: [wide] }));
    expect(await region.leases.find(REGION, session('wide'))).toMatchObject({ width: 3, slots: 4, gpus: 2 });
    expect(await reserveFor(region, session('two slots'), { gpus: 1 })).toBeUndefined();
    expect(await reserveFor(region, session('one slot'))).toMatchObject({ slot: 3 });
  });

  it('believes the worker that has the higher epoch, whoever comes first', async () => {
    for (const id of [1, 2]) await region.registry.register(registration({ workerId: worker(id) }));
    const zombie = beat({ seq: 3, sessions: [report(session('a'))] });
    const current = beat({ workerId: worker(2), sessions: [report(session('a'), { epoch: epoch(2) })] });
    await region.registry.heartbeat(zombie);
    await region.registry.heartbeat(current);
    expect(await region.leases.find(REGION, session('a'))).toMatchObject({ workerId: worker(2), epoch: 2 });
    expect(await region.registry.heartbeat({ ...zombie, seq: 4 })).toMatchObject({
      fenced: [{ sessionId: session('a'), epoch: 1, isBound: true }],
    });
  });

  it('gives a running session its slot even when others were promised all of them', async () => {
    await addWorker(region, { slots: 1 });
    await reserveFor(region, session('promised'));
    await region.registry.heartbeat(beat({ seq: 3, slots: 1, sessions: [report(session('running'))] }));
    const leases = await Promise.all(
      ['promised', 'running'].map((name) => region.leases.find(REGION, session(name))),
    );
    expect(leases.map((lease) => lease?.slot)).toEqual([0, 1]);
    expect(await reserveFor(region, session('late'))).toBeUndefined();
  });
});

describe('a session that was re-placed onto the worker it was on', () => {
  it('has one slot there, at its new epoch, while the older one ends', async () => {
    const region = await openRegion({ staleMs: HOUR_MS });
    await addWorker(region, { slots: 2 });
    await reserveFor(region, session('a'), { epoch: epoch(2) });
    const sessions = [
      report(session('a'), { epoch: epoch(1), activity: 'ended', activeMs: 900 }),
      report(session('a'), { epoch: epoch(2), activeMs: 100 }),
    ];
    expect(await region.registry.heartbeat(beat({ seq: 2, sessions }))).toMatchObject({ fenced: [] });
    expect(await region.leases.find(REGION, session('a'))).toMatchObject({ epoch: 2 });
    expect((await region.registry.list(REGION))[0]?.usedSlots).toBe(1);
    const changed = await region.meters.takeChanged(REGION, 10);
    expect(changed.map(({ epoch: at, activeMs }) => [at, activeMs]).sort()).toEqual([
      [1, 900],
      [2, 100],
    ]);
    region.redises.close();
  });
});

describe('a worker process that was replaced', () => {
  it('does not get the slots of its old sessions back, and theirs go to new ones', async () => {
    const region = await openRegion({ staleMs: HOUR_MS });
    await addWorker(region, { slots: 1 });
    await reserveFor(region, session('old'));
    const lost = await region.registry.register(
      registration({ slots: 1, incarnation: 'second' as Incarnation }),
    );
    expect(lost?.leases.map(({ sessionId }) => sessionId)).toEqual([session('old')]);
    await region.registry.heartbeat(beat({ slots: 1, incarnation: 'second' as Incarnation }));
    expect((await reserveFor(region, session('new')))?.slot).toBe(0);
    // The lapse or release of the old lease must not free the new one's slot.
    await region.leases.release(REGION, session('old'), epoch(1));
    expect(await reserveFor(region, session('third'))).toBeUndefined();
    region.redises.close();
  });
});

/** FLUSHALL, but for the keys of this test only: other tests use the server too. */
async function forgetAll({ redises }: RegionFixture): Promise<void> {
  await redises.call(REGION, async (redis, root) => redis.del(...(await redis.keys(`${root}*`))));
}
