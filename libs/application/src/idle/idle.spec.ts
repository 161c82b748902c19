// M3 through the use cases: from heartbeats to GPU hours that add up, or to somebody who hears that they do not.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { IDLE_CAUSES, type GpuHour, type Incarnation, type PoolId, type Session } from '@meridian/domain';
import { FakeWebhooks, makeWorld, poolIn, US_EAST, workerId, type World } from '@meridian/testkit';
import type { PoolAdvice } from '../capacity/advise-capacity.ts';
import { makeRecordUptime } from '../metering/record-uptime.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import { makeCheckConservation } from './check-conservation.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Ten minutes past an hour. */
const START = Date.UTC(2026, 10, 2, 10, 10);
const HOUR = START - 10 * MINUTE_MS;

let world: World;
let wanted: ReadonlyMap<PoolId, number> | 'away';
beforeEach(() => {
  world = makeWorld({ startMs: START });
  wanted = new Map();
});
/** With advice as a test wants it. */
const look = makeLook();
function makeLook(): () => Promise<unknown> {
  return () =>
    makeRecordUptime({
      ...world,
      adviseCapacity: async () => {
        if (wanted === 'away') throw new StoreUnavailable('postgres');
        return [...wanted].map(([pool, wantedWorkers]) => ({ pool, wantedWorkers }) as PoolAdvice);
      },
    })();
}
const pass = async (ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= MINUTE_MS) {
    world.clock.advance(Math.min(left, MINUTE_MS));
    for (const worker of world.fleet) worker.play(Math.min(left, MINUTE_MS));
    for (const worker of world.fleet) await worker.beat();
    await world.flushMeters();
    await look();
  }
};
const opened = async (): Promise<Session> => {
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  return outcome.session;
};
const hours = async (): Promise<readonly GpuHour[]> => {
  await world.recomputeGpuHours();
  return world.gpuHours.hour(HOUR);
};
const causesOf = (hour: GpuHour | undefined) =>
  Object.fromEntries(
    IDLE_CAUSES.flatMap((cause) => (hour && hour.idle[cause].ms > 0 ? [[cause, hour.idle[cause].ms]] : [])),
  );

describe('a worker’s hour', () => {
  it('begins with its process, and says when it was drained', async () => {
    await world.addWorker({ ageMs: 2 * MINUTE_MS, purchase: 'spot' });
    await pass(5 * MINUTE_MS);
    await world.drainWorker(world.fleet[0]?.registration.workerId ?? workerId(''), true);
    await look();
    await pass(10 * MINUTE_MS);
    const [hour] = await hours();
    expect(hour).toMatchObject({ purchase: 'spot', upMs: 17 * MINUTE_MS });
    expect(causesOf(hour)).toEqual({
      ...{ booting: 2 * MINUTE_MS, no_demand: 5 * MINUTE_MS, draining: 10 * MINUTE_MS },
    });
  });

  it('is fragmentation beside a session, and warm buffer as far as workers are wanted', async () => {
    wanted = new Map([[poolIn(US_EAST), 2]]);
    for (const name of ['a', 'b', 'c']) await world.addWorker({ workerId: workerId(name) });
    const session = await opened();
    await world.connect(session);
    await look();
    await pass(10 * MINUTE_MS);
    const made = await hours();
    const byWorker = new Map(made.map((hour) => [hour.workerId, causesOf(hour)]));
    const used = session.lease?.workerId ?? workerId('');
    expect(byWorker.get(used)).toEqual({ fragmentation: 5 * MINUTE_MS });
    const empty = ['a', 'b', 'c'].map(workerId).filter((id) => id !== used);
    expect(empty.map((id) => Object.keys(byWorker.get(id) ?? {}))).toEqual([['warm_buffer'], ['no_demand']]);
  });

  it('takes idle workers for not wanted while there is no advice', async () => {
    wanted = 'away';
    await world.addWorker();
    await look();
    await pass(MINUTE_MS);
    expect(Object.keys(causesOf((await hours())[0]))).toEqual(['no_demand']);
    expect(world.incidents.notes).toContain('no capacity advice: idle workers count as not wanted');
  });

  it('of a process that registered, never said what it runs, and is gone, was a failed start', async () => {
    const worker = await world.addWorker({ ageMs: MINUTE_MS });
    worker.crash();
    await world.registerWorker({
      worker: { ...worker.registration, incarnation: 'b' as Incarnation },
      ...{ frameWidth: 1, frameHeight: 1, actions: [] },
    });
    await look();
    world.clock.advance(MINUTE_MS / 2);
    expect((await hours()).map(causesOf)).toEqual([{ booting: MINUTE_MS }]);
    world.clock.advance(MINUTE_MS);
    expect(await world.recomputeGpuHours()).toMatchObject({ failedStarts: 1 });
    expect((await hours()).map(causesOf)).toEqual([{ failed_start: MINUTE_MS }]);
  });
});

describe('conservation', () => {
  const check = () => makeCheckConservation({ ...world, events })();
  let events: FakeWebhooks;
  beforeEach(() => {
    events = new FakeWebhooks(world.record);
  });

  it('is looked at once an hour is over, and holds', async () => {
    await world.addWorker();
    await world.connect(await opened());
    await pass(10 * MINUTE_MS);
    await hours();
    expect(await check()).toEqual([]);
    await pass(HOUR_MS);
    await world.endSession({ sessionId: (await opened()).request.sessionId, reason: 'client_ended' });
    await hours();
    expect(await check()).toMatchObject([{ hourMs: HOUR, checked: 1, deferred: 0, found: [] }]);
    expect(events.events.size).toBe(0);
  });

  it('tells a breach once, with GPU and hour', async () => {
    await world.addWorker();
    const session = await opened();
    await world.connect(session);
    await pass(10 * MINUTE_MS);
    await world.endSession({ sessionId: session.request.sessionId, reason: 'client_ended' });
    // As if somebody had lost them.
    world.record.uptimes.clear();
    world.clock.advance(HOUR_MS);
    await hours();
    const [first] = await check();
    expect(first?.found).toMatchObject([
      { hourMs: HOUR, workerId: 'us-east-1', differenceNano: -200_000_000n },
    ]);
    await check();
    expect([...events.events.values()]).toMatchObject([
      {
        type: 'conservation.breach',
        data: { hour: '2026-11-02T10:00:00.000Z', worker: 'us-east-1', differenceNano: '-200000000' },
      },
    ]);
  });
});
