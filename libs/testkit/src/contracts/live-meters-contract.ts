// M1. Meters are cumulative and move only when `seq` rises: duplicates and reordering are harmless.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { aHeartbeat, aReport, aWorker, epoch, sessionId, US_EAST } from '../builders.ts';
import { PATIENT, type OpenRegion, type RegionHarness } from './harness.ts';

/** What every store of live meters does. Call it in a `describe`; `open` gives an empty region `us-east`. */
export function liveMetersContract(open: OpenRegion): void {
  let store: RegionHarness;
  let beats = 0;
  const worker = aWorker();
  beforeEach(async () => {
    store = await open(PATIENT);
    beats = 0;
    await store.registry.register(worker);
  });
  afterEach(() => store.close());

  const report = (over: Parameters<typeof aReport>[0]) =>
    store.registry.heartbeat(aHeartbeat(worker, (beats += 1), [aReport(over)]));
  const read = (name: number | string = 1) => store.meters.read(US_EAST, sessionId(name));
  const changed = async () =>
    (await store.meters.takeChanged(US_EAST, 10)).map(({ sessionId: id, seq, activeMs }) => [
      id,
      seq,
      activeMs,
    ]);

  it('reads the newest counters of a session', async () => {
    await report({ seq: 1, activeMs: 1_000, frames: 25 });
    await report({ seq: 2, activeMs: 2_000, frames: 50, lateFrames: 1 });
    expect(await read()).toMatchObject([
      { sessionId: sessionId(1), epoch: 1, seq: 2, activeMs: 2_000, frames: 50, lateFrames: 1 },
    ]);
    expect(await read('nobody')).toEqual([]);
  });

  it('is not moved by an older or repeated report', async () => {
    await report({ seq: 2, activeMs: 2_000 });
    await report({ seq: 1, activeMs: 1_000 });
    await report({ seq: 2, activeMs: 9_000 });
    expect(await read()).toMatchObject([{ activeMs: 2_000 }]);
  });

  it('reads the highest epoch', async () => {
    await report({ seq: 9, epoch: epoch(1), activeMs: 9_000 });
    await report({ seq: 1, epoch: epoch(2), activeMs: 100 });
    expect(await read()).toMatchObject([{ epoch: 2, activeMs: 100 }]);
  });

  it('keeps what each process counted at an epoch apart, whatever order they are told in', async () => {
    await report({ startedUs: 2, seq: 1, activeMs: 300 });
    await report({ startedUs: 1, seq: 9, activeMs: 9_000 });
    await report({ startedUs: 1, seq: 8, activeMs: 8_000 });
    await report({ startedUs: 0, seq: 1, activeMs: 7 });
    expect(await read()).toMatchObject([
      { epoch: 1, startedUs: 0, seq: 1, activeMs: 7 },
      { epoch: 1, startedUs: 1, seq: 9, activeMs: 9_000 },
      { epoch: 1, startedUs: 2, seq: 1, activeMs: 300 },
    ]);
    const taken = await store.meters.takeChanged(US_EAST, 10);
    expect(taken).toEqual(expect.arrayContaining([...(await read())]));
    await store.meters.settle(
      US_EAST,
      taken.filter(({ startedUs }) => startedUs === 1),
    );
    expect((await store.meters.takeChanged(US_EAST, 10)).map(({ startedUs }) => startedUs)).toEqual([2, 0]);
  });

  it('gives what changed until it is settled', async () => {
    await report({ seq: 1, activeMs: 1_000 });
    expect(await changed()).toEqual([[sessionId(1), 1, 1_000]]);
    expect(await changed()).toEqual([[sessionId(1), 1, 1_000]]);
    await store.meters.settle(US_EAST, await store.meters.takeChanged(US_EAST, 10));
    expect(await changed()).toEqual([]);
  });

  it('says since when the longest has waited', async () => {
    expect(await store.meters.oldestChangedMs(US_EAST)).toBeUndefined();
    await report({ seq: 1, activeMs: 1_000 });
    const first = (await read())[0]?.atMs;
    await store.elapse(20);
    await report({ seq: 2, activeMs: 2_000 });
    expect(await store.meters.oldestChangedMs(US_EAST)).toBe(first);
    await store.meters.settle(US_EAST, await store.meters.takeChanged(US_EAST, 10));
    expect(await store.meters.oldestChangedMs(US_EAST)).toBeUndefined();
  });

  it('tells how many share the worker, at least those who do', async () => {
    await report({ seq: 1 });
    expect(await read()).toMatchObject([{ slots: worker.slots }]);
    await store.registry.heartbeat(aHeartbeat(worker, (beats += 1), [aReport({ seq: 2 })], { slots: 0 }));
    expect(await read()).toMatchObject([{ slots: 0 }]);
    const many = [3, 4, 5, 6].map((name) => aReport({ sessionId: sessionId(name) }));
    await store.registry.heartbeat(aHeartbeat(worker, (beats += 1), many, { slots: 1 }));
    await store.registry.heartbeat(
      aHeartbeat(
        worker,
        (beats += 1),
        many.map((one) => ({ ...one, seq: 9 })),
        { slots: 1 },
      ),
    );
    expect(await read(3)).toMatchObject([{ slots: 4 }]);
  });

  it('keeps as changed what rose while it was being stored', async () => {
    await report({ seq: 1, activeMs: 1_000 });
    const taken = await store.meters.takeChanged(US_EAST, 10);
    await report({ seq: 2, activeMs: 2_000 });
    await store.meters.settle(US_EAST, taken);
    expect(await changed()).toEqual([[sessionId(1), 2, 2_000]]);
  });

  it('keeps the counters of an ended session until they are settled', async () => {
    await report({ seq: 1, activity: 'ended', activeMs: 3_000, endReason: 'idle' });
    await store.registry.heartbeat(aHeartbeat(worker, (beats += 1), []));
    expect(await changed()).toEqual([[sessionId(1), 1, 3_000]]);
  });

  it('gives at most as many as asked for', async () => {
    for (const name of ['a', 'b', 'c']) await report({ sessionId: sessionId(name) });
    expect(await store.meters.takeChanged(US_EAST, 2)).toHaveLength(2);
  });
}
