// L1. A slot has at most one live lease; expiry frees it. L3. Asked twice for the same, it answers the same.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ReserveSlot } from '@meridian/application';
import type { Lease } from '@meridian/domain';
import { aHeartbeat, aReport, aWorker, epoch, poolIn, sessionId, US_EAST, workerId } from '../builders.ts';
import { PATIENT, type OpenRegion, type RegionHarness } from './harness.ts';

interface Wanted {
  readonly epoch?: number;
  readonly ttlMs?: number;
  readonly gpus?: number;
  readonly exclude?: readonly string[];
}

/** What every lease store does. Call it in a `describe`; `open` gives an empty region `us-east`. */
export function leasesContract(open: OpenRegion): void {
  let store: RegionHarness;
  beforeEach(async () => {
    store = await open(PATIENT);
  });
  afterEach(() => store.close());

  const wanted = (name: string, over: Wanted = {}): ReserveSlot => ({
    ...{ region: US_EAST, pool: poolIn(US_EAST), sessionId: sessionId(name) },
    ...{ epoch: epoch(over.epoch ?? 1), ttlMs: over.ttlMs ?? 60_000 },
    ...(over.gpus !== undefined && { gpus: over.gpus }),
    exclude: (over.exclude ?? []).map(workerId),
  });
  const reserve = (name: string, over: Wanted = {}) => store.leases.reserve(wanted(name, over));
  const reserveGroup = (...members: readonly ReserveSlot[]) => store.leases.reserveGroup(US_EAST, members);
  /** Away from a worker, at the next epoch. */
  const transfer = (name: string, from: string, at = 1, over: Wanted = {}) =>
    store.leases.transfer(
      US_EAST,
      { sessionId: sessionId(name), epoch: epoch(at), workerId: workerId(from) },
      wanted(name, { epoch: at + 1, ...over }),
    );
  const usedSlots = async () =>
    (await store.registry.list(US_EAST))
      .map(({ workerId: id, usedSlots: used }) => `${id}:${used}`)
      .join(' ');
  const givenWorker = async (name: string, slots = 2, gpus = 1) => {
    const worker = aWorker({ workerId: workerId(name), slots, gpus });
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
        width: 1,
        slots: 2,
        gpus: 1,
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

  it('gives a session of several slots all of them at once, and frees them together', async () => {
    await givenWorker('a', 4);
    await reserve('one');
    expect(await reserve('half', { gpus: 0.5 })).toMatchObject({ slot: 1, width: 2, slots: 4, gpus: 1 });
    expect(await usedSlots()).toBe('a:3');
    expect(await reserve('too wide', { gpus: 0.5 })).toBeUndefined();
    expect(await store.leases.release(US_EAST, sessionId('one'), epoch(1))).toBe(true);
    expect(await reserve('scattered', { gpus: 0.5 })).toMatchObject({ slot: 0, width: 2 });
    await store.leases.release(US_EAST, sessionId('half'), epoch(1));
    expect(await usedSlots()).toBe('a:2');
    expect((await store.leases.find(US_EAST, sessionId('scattered')))?.width).toBe(2);
  });

  it('counts slots by what a worker spans: of 8 slots on 4 GPUs one GPU is 2', async () => {
    await givenWorker('four', 8, 4);
    expect(await reserve('one gpu', { gpus: 1 })).toMatchObject({ slot: 0, width: 2, gpus: 4 });
    expect(await reserve('three', { gpus: 3 })).toMatchObject({ slot: 2, width: 6 });
    expect(await usedSlots()).toBe('four:8');
  });

  it('rounds a share up to whole slots, and finds no worker for more GPUs than one spans', async () => {
    await givenWorker('a', 3);
    expect(await reserve('a third', { gpus: 1 / 3 })).toMatchObject({ width: 1 });
    expect(await reserve('a bit more', { gpus: 0.4 })).toMatchObject({ width: 2 });
    expect(await reserve('two', { gpus: 2 })).toBeUndefined();
  });

  it('packs sessions of several slots: the fullest worker that has room for all of them', async () => {
    for (const name of ['a', 'b']) await givenWorker(name, 4);
    await reserve('in a', { gpus: 0.75 });
    expect(place(await reserve('half', { gpus: 0.5 }))).toBe('b#0');
    expect(place(await reserve('quarter', { gpus: 0.25 }))).toBe('a#3');
    expect(place(await reserve('the rest', { gpus: 0.5 }))).toBe('b#2');
  });

  it('frees all slots of a session when its lease lapses', async () => {
    await givenWorker('a', 4);
    await reserve('crashed', { gpus: 1, ttlMs: 500 });
    await store.elapse(501);
    expect(await reserve('late', { gpus: 1 })).toMatchObject({ slot: 0, width: 4 });
  });

  it('keeps all slots of a session that its worker reports', async () => {
    const worker = await givenWorker('a', 4);
    await reserve('runs', { gpus: 0.75, ttlMs: 60 });
    await store.registry.heartbeat(
      aHeartbeat(worker, 2, [aReport({ sessionId: sessionId('runs'), width: 3 })]),
    );
    await store.elapse(120);
    expect(await store.leases.find(US_EAST, sessionId('runs'))).toMatchObject({ slot: 0, width: 3 });
    expect(await usedSlots()).toBe('a:3');
  });

  it('gives a group its slots, or none of it', async () => {
    await givenWorker('a', 2);
    await givenWorker('b', 2);
    const leases = await reserveGroup(wanted('1'), wanted('2', { gpus: 1 }), wanted('3'));
    expect(leases?.map((lease) => place(lease))).toEqual(['a#0', 'b#0', 'a#1']);
    expect(await reserveGroup(wanted('4'))).toBeUndefined();
    await store.leases.release(US_EAST, sessionId('3'), epoch(1));
    expect(await reserveGroup(wanted('4'), wanted('5'))).toBeUndefined();
    expect(await usedSlots()).toBe('a:1 b:2');
    expect(place(await reserve('alone'))).toBe('a#1');
  });

  it('answers a group the same when it is asked again, also when nothing else is free (L3)', async () => {
    await givenWorker('a', 2);
    const first = await reserveGroup(wanted('1'), wanted('2'));
    expect((await reserveGroup(wanted('1'), wanted('2')))?.map(place)).toEqual(first?.map(place));
    expect(await usedSlots()).toBe('a:2');
  });

  it('gives a group nothing when a member holds a lease at another epoch', async () => {
    await givenWorker('a', 4);
    await reserve('moved', { epoch: 2 });
    expect(await reserveGroup(wanted('new'), wanted('moved'))).toBeUndefined();
    expect(await usedSlots()).toBe('a:1');
  });

  it('transfers a session: new slots and the old ones free in one move, never the worker it comes from', async () => {
    await givenWorker('a', 4);
    await givenWorker('b', 4);
    await reserve('moves', { gpus: 0.75 });
    expect(await transfer('moves', 'a', 1, { gpus: 0.75 })).toMatchObject({
      ...{ workerId: 'b', slot: 0, width: 3, epoch: 2 },
    });
    expect(await usedSlots()).toBe('a:0 b:3');
    expect(place(await transfer('moves', 'a', 1, { gpus: 0.75 }))).toBe('b#0');
    expect(await usedSlots()).toBe('a:0 b:3');
  });

  it('leaves a session what it has when there is nowhere to transfer it', async () => {
    await givenWorker('a', 2);
    await reserve('stays');
    expect(await transfer('stays', 'a')).toBeUndefined();
    expect(await store.leases.find(US_EAST, sessionId('stays'))).toMatchObject({ workerId: 'a', epoch: 1 });
    expect(await usedSlots()).toBe('a:1');
  });

  it('transfers a session whose lease has lapsed, not one that has moved on (L2)', async () => {
    for (const name of ['a', 'b', 'c']) await givenWorker(name, 2);
    await reserve('lapsed', { ttlMs: 60 });
    await store.elapse(120);
    expect(place(await transfer('lapsed', 'a'))).toBe('b#0');
    expect(await transfer('lapsed', 'b', 1, { epoch: 3 })).toBeUndefined();
    expect(await transfer('lapsed', 'c', 2)).toBeUndefined();
    expect(place(await transfer('lapsed', 'b', 2))).toBe('a#0');
    expect(await usedSlots()).toBe('a:1 b:0 c:0');
  });

  it('gives back what was promised on a worker that has registered, until it beats', async () => {
    const worker = aWorker({ workerId: workerId('a'), slots: 3 });
    await store.registry.register(worker);
    const promised = [
      { sessionId: sessionId('wide'), epoch: epoch(2), width: 2 },
      { sessionId: sessionId('one'), epoch: epoch(1), width: 1 },
      { sessionId: sessionId('no room'), epoch: epoch(1), width: 1 },
    ];
    await store.leases.restore(US_EAST, worker.workerId, promised, 500);
    await store.leases.restore(US_EAST, worker.workerId, promised, 500);
    await store.registry.heartbeat(aHeartbeat(worker, 1));
    expect(await usedSlots()).toBe('a:3');
    expect(await store.leases.find(US_EAST, sessionId('wide'))).toMatchObject({ epoch: 2, width: 2 });
    expect(await store.leases.find(US_EAST, sessionId('no room'))).toBeUndefined();
    await store.elapse(501);
    await store.leases.restore(US_EAST, worker.workerId, promised, 500);
    expect(await usedSlots()).toBe('a:0');
  });

  it('leaves a session that has a lease elsewhere where it is', async () => {
    await givenWorker('a', 2);
    await reserve('here');
    const late = aWorker({ workerId: workerId('b') });
    await store.registry.register(late);
    await store.leases.restore(
      US_EAST,
      late.workerId,
      [{ sessionId: sessionId('here'), epoch: epoch(2), width: 1 }],
      500,
    );
    expect(place(await store.leases.find(US_EAST, sessionId('here')))).toBe('a#0');
  });

  it('finds many leases at once', async () => {
    await givenWorker('a', 4);
    for (const name of ['1', '2']) await reserve(name, { gpus: 0.5 });
    const names = ['1', '2', 'nobody'].map(sessionId);
    const found = await store.leases.findMany(US_EAST, names);
    expect([...found].map(([id, { slot, width }]) => [id, slot, width]).toSorted()).toEqual([
      [sessionId('1'), 0, 2],
      [sessionId('2'), 2, 2],
    ]);
    expect((await store.leases.findMany(US_EAST, [])).size).toBe(0);
  });

  it('binds a lease when its worker reports the session: from then on it ends with the reports', async () => {
    const worker = await givenWorker('a', 2);
    await reserve('claimed', { gpus: 1 });
    await store.registry.heartbeat(aHeartbeat(worker, 2, []));
    expect(await usedSlots()).toBe('a:2');
    await store.registry.heartbeat(aHeartbeat(worker, 3, [aReport({ sessionId: sessionId('claimed') })]));
    await store.registry.heartbeat(aHeartbeat(worker, 4, []));
    expect(await usedSlots()).toBe('a:0');
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
