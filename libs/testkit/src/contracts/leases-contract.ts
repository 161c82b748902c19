// L1. A slot has at most one live lease; expiry frees it. L3. Asked twice for the same, it answers the same.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Lease } from '@meridian/domain';
import { aHeartbeat, aReport, aWorker, epoch, poolIn, sessionId, US_EAST, workerId } from '../builders.ts';
import { PATIENT, type OpenRegion, type RegionHarness } from './harness.ts';

/** What every lease store does. Call it in a `describe`; `open` gives an empty region `us-east`. */
export function leasesContract(open: OpenRegion): void {
  let store: RegionHarness;
  beforeEach(async () => {
    store = await open(PATIENT);
  });
  afterEach(() => store.close());

  const reserve = (name: string, over: { epoch?: number; ttlMs?: number; exclude?: string[] } = {}) =>
    store.leases.reserve({
      ...{ region: US_EAST, pool: poolIn(US_EAST), sessionId: sessionId(name) },
      ...{ epoch: epoch(over.epoch ?? 1), ttlMs: over.ttlMs ?? 60_000 },
      exclude: (over.exclude ?? []).map(workerId),
    });
  const givenWorker = async (name: string, slots = 2) => {
    const worker = aWorker({ workerId: workerId(name), slots });
    await store.registry.register(worker);
    await store.registry.heartbeat(aHeartbeat(worker, 1));
    return worker;
  };
  const place = (lease: Lease | undefined) => lease && `${lease.workerId}#${lease.slot}`;

  it('gives a slot with all that a session needs to know of it', async () => {
    const worker = await givenWorker('a');
    expect(await reserve('one')).toMatchObject({
      ...{
        sessionId: 'ses_one',
        region: US_EAST,
        pool: poolIn(US_EAST),
        workerId: 'a',
        slot: 0,
        slots: 2,
        epoch: 1,
      },
      workerAddress: worker.address,
    });
  });

  it('gives each slot once, however many ask at once (L1)', async () => {
    await givenWorker('a', 3);
    await givenWorker('b', 3);
    const leases = await Promise.all(Array.from({ length: 20 }, (_, i) => reserve(`many${i}`)));
    const places = leases.map(place).filter((taken) => taken !== undefined);
    expect(places.toSorted()).toEqual(['a#0', 'a#1', 'a#2', 'b#0', 'b#1', 'b#2']);
  });

  it('packs: the fullest worker with room goes first', async () => {
    await givenWorker('a', 2);
    await givenWorker('b', 2);
    const places = [];
    for (const name of ['1', '2', '3']) places.push(place(await reserve(name)));
    expect(places).toEqual(['a#0', 'a#1', 'b#0']);
  });

  it('answers the same lease when it is asked again (L3)', async () => {
    await givenWorker('a');
    const first = await reserve('same');
    const again = await reserve('same');
    expect(place(again)).toBe(place(first));
    expect(place(await reserve('other'))).toBe('a#1');
  });

  it('has no slot in another pool, nor on a worker that is full, excluded or unknown', async () => {
    expect(await reserve('nobody')).toBeUndefined();
    await givenWorker('a', 1);
    expect(await reserve('excluding', { exclude: ['a'] })).toBeUndefined();
    await reserve('fills');
    expect(await reserve('late')).toBeUndefined();
  });

  it('frees a slot that is released, once, at its epoch only', async () => {
    await givenWorker('a', 1);
    await reserve('gone');
    expect(await store.leases.release(US_EAST, sessionId('gone'), epoch(2))).toBe(false);
    expect(await store.leases.release(US_EAST, sessionId('gone'), epoch(1))).toBe(true);
    expect(await store.leases.release(US_EAST, sessionId('gone'), epoch(1))).toBe(false);
    expect(place(await reserve('next'))).toBe('a#0');
  });

  it('frees a slot when its lease lapses, though nobody calls', async () => {
    await givenWorker('a', 1);
    await reserve('crashed', { ttlMs: 500 });
    expect(await reserve('early')).toBeUndefined();
    await store.elapse(501);
    expect(await store.leases.find(US_EAST, sessionId('crashed'))).toBeUndefined();
    expect(place(await reserve('late'))).toBe('a#0');
  });

  it('finds a live lease', async () => {
    await givenWorker('a');
    await reserve('here');
    expect(place(await store.leases.find(US_EAST, sessionId('here')))).toBe('a#0');
    expect(await store.leases.find(US_EAST, sessionId('elsewhere'))).toBeUndefined();
  });

  it('supersedes an older epoch, and refuses one (L2)', async () => {
    await givenWorker('a', 1);
    await givenWorker('b', 1);
    await reserve('moves');
    expect(place(await reserve('moves', { epoch: 2, exclude: ['a'] }))).toBe('b#0');
    expect(await reserve('moves', { epoch: 1 })).toBeUndefined();
    expect((await store.leases.find(US_EAST, sessionId('moves')))?.epoch).toBe(2);
    expect(place(await reserve('next'))).toBe('a#0');
  });

  it('keeps the older lease when there is no other slot', async () => {
    await givenWorker('a', 1);
    await reserve('stays');
    expect(await reserve('stays', { epoch: 2, exclude: ['a'] })).toBeUndefined();
    expect((await store.leases.find(US_EAST, sessionId('stays')))?.epoch).toBe(1);
  });

  it('does not offer a draining worker', async () => {
    const worker = await givenWorker('a');
    await store.registry.setDraining(US_EAST, worker.workerId, true);
    expect(await reserve('one')).toBeUndefined();
    await store.registry.setDraining(US_EAST, worker.workerId, false);
    expect(place(await reserve('one'))).toBe('a#0');
  });

  it('renews the lease of a session that its worker reports', async () => {
    const worker = await givenWorker('a', 1);
    await reserve('runs', { ttlMs: 60 });
    await store.registry.heartbeat(aHeartbeat(worker, 2, [aReport({ sessionId: sessionId('runs') })]));
    await store.elapse(120);
    expect(place(await store.leases.find(US_EAST, sessionId('runs')))).toBe('a#0');
  });
}
