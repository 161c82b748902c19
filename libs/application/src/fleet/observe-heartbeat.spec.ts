import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Session } from '@meridian/domain';
import {
  aHeartbeat,
  aPace,
  aReport,
  aWorker,
  epoch,
  makeWorld,
  sessionId,
  US_EAST,
  type World,
} from '@meridian/testkit';
import type { SessionReport } from '../ports/worker-registry.ts';

let world: World;
let session: Session;
let beats = 100;
beforeEach(async () => {
  world = makeWorld();
  await world.addWorker();
  const outcome = await world.open();
  if (outcome.kind !== 'opened') throw new Error(outcome.kind);
  session = outcome.session;
});
const id = () => session.request.sessionId;
const report = (over: Partial<SessionReport> = {}) => aReport({ sessionId: id(), ...over });
const beat = (...reports: readonly SessionReport[]) =>
  world.observeHeartbeat(aHeartbeat(aWorker(), (beats += 1), reports));
const state = async () => (await world.sessions.find(id()))?.state;

describe('a heartbeat', () => {
  it('moves the session to what its worker does', async () => {
    for (const activity of ['connecting', 'active', 'held', 'active'] as const) {
      expect(await beat(report({ activity }))).toEqual({
        kind: 'observed',
        acknowledged: [],
        stop: [],
        credits: [],
        drain: false,
      });
      expect(await state()).toBe(activity);
    }
  });

  it('that says nothing new asks nothing of the record, but for a look every few seconds', async () => {
    await beat(report());
    world.fates.sessions.down(true);
    await beat(report({ seq: 2 }));
    expect(world.incidents.notes).toEqual([]);
    world.clock.advance(6_000);
    await beat(report({ seq: 3 }));
    expect(world.incidents.notes).toEqual(['report not stored']);
  });

  it('with an end stores it with its counters, frees the slot, and acknowledges', async () => {
    await beat(report());
    const ended = report({ seq: 2, activity: 'ended', endReason: 'idle', activeMs: 4_000, frames: 100 });
    expect(await beat(ended)).toMatchObject({ acknowledged: [id()] });
    expect(await world.sessions.find(id())).toMatchObject({ state: 'ended', endReason: 'idle' });
    expect(await world.usage.sessionUsage(id())).toMatchObject({ activeMs: 4_000, frames: 100, final: true });
    expect(world.store(US_EAST).leases.size).toBe(0);
    expect(await beat(ended)).toMatchObject({ acknowledged: [id()] });
  });

  it('keeps the words of a reason that is none of ours', async () => {
    await beat(report({ activity: 'ended', endReason: 'segfault' }));
    expect(await world.sessions.find(id())).toMatchObject({
      endReason: 'model_failed',
      endDetail: 'worker said: segfault',
    });
  });

  it('is not acknowledged while the record is away, and loses nothing', async () => {
    const ended = report({ seq: 2, activity: 'ended', endReason: 'idle', activeMs: 4_000 });
    world.record.away = true;
    expect(await beat(ended)).toMatchObject({ kind: 'observed', acknowledged: [] });
    world.record.away = false;
    expect(await beat(ended)).toMatchObject({ acknowledged: [id()] });
    expect(await world.usage.sessionUsage(id())).toMatchObject({ activeMs: 4_000 });
  });

  it('asks a record that is away once, not once for each session', async () => {
    world.fates.sessions.down(true);
    await beat(...[1, 2, 3].map((i) => aReport({ sessionId: sessionId(i) })));
    expect(world.incidents.notes).toEqual(['report not stored']);
  });

  it('is observed with the region’s store away (L4)', async () => {
    world.store(US_EAST).away = true;
    expect(await beat(report())).toMatchObject({ kind: 'observed' });
    expect(await state()).toBe('active');
  });

  it('with the region’s store away is counted at once: its worker may not live to say it again (M1)', async () => {
    await beat(report());
    world.store(US_EAST).away = true;
    await beat(report({ seq: 2, activeMs: 7_000, frames: 175 }));
    expect(await world.usage.sessionUsage(id())).toMatchObject({ activeMs: 7_000, frames: 175 });
    world.record.away = true;
    expect(await beat(report({ seq: 3, activeMs: 8_000 }))).toMatchObject({ kind: 'observed' });
    expect(world.incidents.notes).toContain('counters kept by nobody; the next heartbeat tells them again');
  });

  it('tells the worker to stop what has ended by record', async () => {
    await beat(report());
    world.workers.vanish('us-east-1:1');
    await world.endSession({ sessionId: id(), reason: 'operator_ended' });
    world.clock.advance(6_000);
    expect(await beat(report({ seq: 2 }))).toMatchObject({
      stop: [{ sessionId: id(), epoch: 1, reason: 'operator_ended' }],
    });
  });

  it('of an older epoch counts what was used, and ends nothing (L2)', async () => {
    await world.addWorker({ workerId: 'b' as never });
    await beat(report());
    await world.replaceSession({
      sessionId: id(),
      lostEpoch: epoch(1),
      lostWorkerId: aWorker().workerId,
      planned: false,
    });
    expect(await beat(report({ seq: 2 }))).toMatchObject({
      stop: [{ sessionId: id(), epoch: 1, reason: '' }],
    });
    const ended = report({ seq: 3, activity: 'ended', endReason: 'worker_lost', activeMs: 7_000 });
    expect(await beat(ended)).toMatchObject({ acknowledged: [id()] });
    expect(await state()).toBe('migrating');
    expect(await world.usage.sessionUsage(id())).toMatchObject({ activeMs: 7_000, final: false });
    expect((await world.leases.find(US_EAST, id()))?.epoch).toBe(2);
  });

  it('of an older epoch is stopped by the record alone, with the region’s store away (L2, L4)', async () => {
    await world.addWorker({ workerId: 'b' as never });
    await beat(report());
    await world.replaceSession({
      sessionId: id(),
      lostEpoch: epoch(1),
      lostWorkerId: aWorker().workerId,
      planned: false,
    });
    world.store(US_EAST).away = true;
    world.clock.advance(6_000);
    expect(await beat(report({ seq: 2 }))).toMatchObject({
      stop: [{ sessionId: id(), epoch: 1, reason: '' }],
    });
  });

  it('of a worker that nobody knows asks it to register', async () => {
    world.store(US_EAST).flush();
    expect(await beat(report())).toEqual({ kind: 'unknown' });
  });

  it('lets a worker forget the end of a session that was never on record', async () => {
    const ghost = aReport({ sessionId: sessionId('ghost'), activity: 'ended' });
    expect(await beat(ghost)).toMatchObject({ acknowledged: [sessionId('ghost')] });
  });

  it('with a session that cannot be stored still settles the others', async () => {
    const other = await world.open();
    if (other.kind !== 'opened') throw new Error(other.kind);
    world.record.meters.clear();
    const ends = [id(), other.session.request.sessionId].map((one) =>
      aReport({ sessionId: one, activity: 'ended' }),
    );
    expect(await beat(...ends)).toMatchObject({ acknowledged: ends.map((e) => e.sessionId) });
  });
});

describe('a worker whose frames come late', () => {
  const worker = () => {
    const [first] = world.fleet;
    if (!first) throw new Error('no worker');
    return first;
  };
  const listed = async () => (await world.registry.list(US_EAST)).find((w) => w.slots === 2);
  beforeEach(async () => {
    await world.connect(session);
    await world.pass(2_000);
  });

  it('takes no new session, keeps those it has, and is listed with the reason', async () => {
    worker().lateShare = 0.052;
    await world.pass(10_000);
    expect(await listed()).toMatchObject({ health: 'ready' });
    await world.pass(5_000);
    expect(await listed()).toMatchObject({
      health: 'quarantined',
      healthReason: '5.2 % of frames late over 10 s, with one session on 2 slots',
    });
    expect(await world.open()).toMatchObject({ kind: 'opened', session: { state: 'queued' } });
    expect(await state()).toBe('active');
  });

  it('is taken back when it keeps pace, and those who waited are placed on it', async () => {
    worker().lateShare = 0.2;
    await world.pass(15_000);
    const waits = await world.open();
    if (waits.kind !== 'opened') throw new Error(waits.kind);
    expect(waits.session.state).toBe('queued');
    worker().lateShare = 0;
    await world.pass(25_000);
    expect(await listed()).toMatchObject({ health: 'ready' });
    expect((await world.sessions.find(waits.session.request.sessionId))?.state).toBe('reserved');
  });

  it('is given one session on trial when its own have ended', async () => {
    worker().lateShare = 0.2;
    await world.pass(15_000);
    await world.endSession({ sessionId: id(), reason: 'client_ended' });
    await world.pass(31_000);
    const trial = await world.open();
    if (trial.kind !== 'opened') throw new Error(trial.kind);
    expect(trial.session.state).toBe('reserved');
    expect(await world.open()).toMatchObject({ session: { state: 'queued' } });
    expect((await listed())?.healthReason).toMatch(/^on trial with one session after 20.0 %/);
  });

  it('is told as turned once, to whoever counts quarantines', async () => {
    const late = (over: number) =>
      world.observeHeartbeat(
        aHeartbeat(aWorker(), (beats += 1), [report({ seq: beats })], { pace: aPace({ lateShare: over }) }),
      );
    const turns = [];
    for (let second = 0; second < 30; second += 1) {
      world.clock.advance(1_000);
      const outcome = await late(0.5);
      if (outcome.kind === 'observed' && outcome.turned) turns.push(outcome.turned.state);
    }
    expect(turns).toEqual(['quarantined']);
  });

  it('is observed as before while the store cannot keep what was judged', async () => {
    world.store(US_EAST).away = true;
    expect(await beat(report({ activity: 'held' }))).toMatchObject({ kind: 'observed', drain: false });
    expect(await state()).toBe('held');
  });
});
