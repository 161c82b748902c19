import { beforeEach, describe, expect, it } from '@jest/globals';
import { Codec, NoticeKind } from '@meridian/protocol';
import { SessionActivity } from '@meridian/protocol/worker';
import { action, checkpoint, EngineSetup, format, type Asking } from '../testing/engine-setup.ts';
import type { FakeModel } from '../testing/fake-model.ts';
import type { RecordingStream } from '../testing/recording-stream.ts';
import type { VirtualClock } from '../testing/virtual-clock.ts';
import type { Engine } from './engine.ts';

let setup: EngineSetup;
let clock: VirtualClock;
let model: FakeModel;
let engine: Engine;

beforeEach(() => useEngine());

function useEngine(sizes: { readonly slots?: number; readonly batchMax?: number } = {}): void {
  setup = new EngineSetup(sizes);
  ({ clock, model, engine } = setup);
}

const open = (asked?: Asking) => setup.open(asked);
const refusalOf = (asked?: Asking) => setup.refusalOf(asked);
const reportOf = (id: string, epoch?: number) => setup.reportOf(id, epoch);
const gapsMs = (stream: RecordingStream): number[] =>
  stream.frames.slice(1).map((frame, i) => (frame.dueUs - (stream.frames[i]?.dueUs ?? 0)) / 1_000);

describe('a session that streams', () => {
  it('is told that it started, and gets 25 frames a second with rising numbers', async () => {
    const { stream } = open();
    await clock.advanceMs(1_000);
    expect(stream.notices).toMatchObject([{ kind: NoticeKind.STARTED, epoch: 1, nextFrameNumber: 1 }]);
    expect(stream.numbers).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(new Set(gapsMs(stream))).toEqual(new Set([40]));
  });

  it('is metered while it is stepped: time, frames, and a number that rises', async () => {
    open();
    await clock.advanceMs(1_000);
    const first = reportOf('a');
    expect(first).toMatchObject({
      activity: SessionActivity.ACTIVE,
      activeMs: 1_000,
      frames: 25,
      lateFrames: 0,
    });
    expect(reportOf('a')?.seq).toBeGreaterThan(first?.seq ?? 0);
  });

  it('sees the newest action in its next step, and never an older one', async () => {
    const { session, stream } = open();
    await clock.advanceMs(50);
    setup.act({ session, stream }, action(2, 0.5));
    setup.act({ session, stream }, action(3, 1));
    setup.act({ session, stream }, action(1, -1));
    setup.act({ session, stream }, action(3, -1));
    await clock.advanceMs(40);
    expect(stream.frames.map((frame) => [frame.lastActionSeq, frame.rgb[2]])).toEqual([
      [0, 0],
      [0, 0],
      [3, 100],
    ]);
    await clock.advanceMs(400);
    expect(stream.frames.at(-1)?.rgb[2]).toBe(100);
  });

  it('refuses an action that is no action, naming the field, and goes on', async () => {
    const { session, stream } = open();
    const refused = setup.act({ session, stream }, action(1, Number.NaN));
    expect(refused).toMatchObject({ status: 'INVALID_ARGUMENT', code: 'malformed_action' });
    expect(refused?.message).toContain('axes.forward');
    await clock.advanceMs(200);
    expect(stream.frames).toHaveLength(5);
  });

  it('sends a checkpoint with its first frame and then every second', async () => {
    const { session, stream } = open();
    setup.act({ session, stream }, action(1, 1));
    await clock.advanceMs(2_500);
    expect(stream.checkpoints.map((checkpoint) => checkpoint.frameNumber)).toEqual([1, 26, 51]);
    expect(stream.checkpoints.at(-1)).toMatchObject({
      model: 'fake',
      modelVersion: '1.0.0',
      epoch: 1,
      lastActionSeq: 1,
      action: { axes: { forward: 1 } },
    });
  });

  it('moves its steps to just after the actions of a steady client, at 25 frames a second', async () => {
    const { session, stream } = open();
    await clock.advanceMs(15);
    for (let seq = 1; seq <= 250; seq += 1) {
      await clock.advanceMs(40);
      setup.act({ session, stream }, action(seq));
    }
    const waitsMs = stream.frames
      .slice(-50)
      .map((frame) => (frame.stepStartedUs - frame.actionReceivedUs) / 1_000);
    expect(Math.max(...waitsMs)).toBeLessThan(8);
    expect(Math.min(...gapsMs(stream))).toBeGreaterThanOrEqual(40);
    expect(stream.frames.length).toBeGreaterThanOrEqual(249);
  });
});

describe('a machine that is too slow', () => {
  it('skips frames, queues none, and counts the late ones', async () => {
    model.stepMs = 100;
    const { stream } = open();
    await clock.advanceMs(10_000);
    expect(stream.frames.length).toBeGreaterThanOrEqual(98);
    expect(stream.frames.length).toBeLessThanOrEqual(100);
    expect(stream.numbers.at(-1)).toBe(stream.frames.length);
    expect(setup.skipped).toBeGreaterThan(140);
    const waitsMs = stream.frames.map((frame) => (frame.stepStartedUs - frame.dueUs) / 1_000);
    expect(Math.max(...waitsMs)).toBeLessThan(40);
    expect(reportOf('a')).toMatchObject({ frames: stream.frames.length, lateFrames: stream.frames.length });
  });

  it('is fair: sessions get as many frames as each other', async () => {
    useEngine({ slots: 16 });
    model.stepMs = 60;
    const streams = Array.from({ length: 12 }, (_, i) => open({ id: `s${i}` }).stream);
    await clock.advanceMs(12_000);
    const counts = streams.map((stream) => stream.frames.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    expect(Math.min(...counts)).toBeGreaterThan(90);
  });

  it('recovers its cadence after a pause without a burst', async () => {
    const { stream } = open();
    await clock.advanceMs(100);
    model.stepMs = 500;
    await clock.advanceMs(100);
    model.stepMs = 2;
    await clock.advanceMs(1_400);
    expect(stream.frames.length).toBeLessThanOrEqual(30);
    expect(new Set(gapsMs(stream).map((gap) => gap % 40))).toEqual(new Set([0]));
  });

  it('gives what 60 ms a step allow: every frame late and counted, and 25 a second at once when it is over', async () => {
    model.stepMs = 60;
    const { stream } = open();
    await clock.advanceMs(12_000);
    expect(stream.frames).toHaveLength(200);
    expect(reportOf('a')).toMatchObject({ frames: 200, lateFrames: 200 });
    expect(setup.sent.every(({ late, dueToSentMs }) => late && dueToSentMs < 100)).toBe(true);
    model.stepMs = 2;
    await clock.advanceMs(2_000);
    expect(stream.frames.length).toBeGreaterThanOrEqual(249);
    expect(stream.frames.length).toBeLessThanOrEqual(251);
    expect(setup.sent.slice(-48).some(({ late }) => late)).toBe(false);
  });

  it('counts a frame late that was held up on its way out', async () => {
    const { stream } = open();
    stream.sendMs = 39;
    await clock.advanceMs(1_000);
    expect(reportOf('a')).toMatchObject({ frames: 25, lateFrames: 25 });
  });
});

describe('sessions that are due together', () => {
  it('share a batch, a step later at the latest', async () => {
    open({ id: 'a' });
    open({ id: 'b' });
    await clock.advanceMs(410);
    expect(model.batches).toEqual([1, 1, ...Array.from({ length: 10 }, () => 2)]);
  });

  it('are joined by those due within the next 3 ms, which keep their rate', async () => {
    useEngine({ slots: 3, batchMax: 8 });
    const { stream: a } = open({ id: 'a' });
    await clock.advanceMs(3);
    const { stream: b } = open({ id: 'b' });
    await clock.advanceMs(5);
    const { stream: c } = open({ id: 'c' });
    await clock.advanceMs(32);
    model.batches.length = 0;
    await clock.advanceMs(1_000);
    expect(model.batches).toEqual(Array.from({ length: 25 }, () => [1, 2]).flat());
    for (const { frames } of [a, b, c]) expect(frames.length).toBe(26);
  });

  it('are joined by those due within the next 12 ms while the model is busy, until it is idle again', async () => {
    useEngine({ slots: 2, batchMax: 8 });
    model.stepMs = 10;
    const { stream: a } = open({ id: 'a' });
    await clock.advanceMs(11);
    const { stream: b } = open({ id: 'b' });
    await clock.advanceMs(2_000);
    model.batches.length = 0;
    await clock.advanceMs(1_000);
    expect(model.batches).toEqual(Array.from({ length: 25 }, () => 2));
    for (const stream of [a, b]) expect(new Set(gapsMs(stream))).toEqual(new Set([40]));
    model.stepMs = 2;
    await clock.advanceMs(2_000);
    model.batches.length = 0;
    await clock.advanceMs(1_000);
    expect(model.batches).toEqual(Array.from({ length: 50 }, () => 1));
  });
});

describe('a batch', () => {
  it.each([1, 3, 16])('holds no more than %d sessions, and all get their turn', async (batchMax) => {
    useEngine({ slots: 12, batchMax });
    const streams = Array.from({ length: 12 }, (_, i) => open({ id: `s${i}` }).stream);
    await clock.advanceMs(2_000);
    expect(Math.max(...model.batches)).toBe(Math.min(batchMax, 12));
    const counts = streams.map((stream) => stream.frames.length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(49);
  });
});

describe('how frames look', () => {
  const WEBP = format({ codec: Codec.WEBP, quality: 50 });

  it('is told with each frame from the request on, and stays so over a return and a move', async () => {
    const { session, stream } = open();
    await clock.advanceMs(30);
    engine.formatFrames(session, stream, WEBP);
    await clock.advanceMs(40);
    expect(stream.frames.map((frame) => frame.format)).toEqual([undefined, WEBP]);
    engine.detach(session, stream);
    const back = open();
    await clock.advanceMs(10);
    const moved = open({ epoch: 2 });
    await clock.advanceMs(10);
    expect([back, moved].map((played) => played.stream.frames[0]?.format)).toEqual([WEBP, WEBP]);
    expect(moved.stream.checkpoints[0]?.format).toEqual(WEBP);
  });

  it('is not for a stream to say that has been taken over', async () => {
    const { session, stream } = open();
    const newer = open();
    engine.formatFrames(session, stream, WEBP);
    await clock.advanceMs(10);
    expect(newer.stream.frames[0]?.format).toBeUndefined();
  });
});

it('tells of sessions that the model pulled back', async () => {
  open();
  model.reanchors = 1;
  await clock.advanceMs(90);
  expect(setup.reanchors).toBe(3);
});

describe('a client that goes away', () => {
  it('leaves its session held: not stepped, its meter still, its state kept', async () => {
    const { session, stream } = open();
    await clock.advanceMs(1_000);
    engine.detach(session, stream);
    await clock.advanceMs(10_000);
    expect(stream.frames).toHaveLength(25);
    expect(reportOf('a')).toMatchObject({ activity: SessionActivity.HELD, activeMs: 1_000, frames: 25 });
  });

  it('resumes with the next frame number and the same state', async () => {
    const { session, stream } = open();
    await clock.advanceMs(1_000);
    engine.detach(session, stream);
    await clock.advanceMs(10_000);
    const back = open();
    await clock.advanceMs(120);
    expect(back.stream.notices).toMatchObject([{ kind: NoticeKind.RESUMED, nextFrameNumber: 26 }]);
    expect(back.stream.numbers).toEqual([26, 27, 28]);
    expect(back.stream.frames.map((frame) => frame.rgb[0])).toEqual([26, 27, 28]);
    expect(reportOf('a')).toMatchObject({ activeMs: 1_120, frames: 28 });
  });

  it('resumes with a number that no step in flight has used', async () => {
    const { session, stream } = open();
    await clock.advanceMs(1_000);
    await clock.advanceMs(1);
    engine.detach(session, stream);
    const back = open();
    await clock.advanceMs(120);
    const all = [...stream.numbers, ...back.stream.numbers];
    expect(all).toEqual(all.map((_, i) => i + 1));
  });

  it('is lost when it does not come back in time', async () => {
    const { session, stream } = open();
    await clock.advanceMs(100);
    engine.detach(session, stream);
    await clock.advanceMs(29_999);
    expect(reportOf('a')?.activity).toBe(SessionActivity.HELD);
    await clock.advanceMs(2);
    expect(reportOf('a')).toMatchObject({ activity: SessionActivity.ENDED, endReason: 'client_lost' });
    expect(refusalOf({})).toBe('FAILED_PRECONDITION session_ended');
  });

  it('may take over its own half-open stream, and nobody else may', async () => {
    const { session, stream } = open();
    await clock.advanceMs(100);
    expect(refusalOf({ key: 'thief' })).toBe('PERMISSION_DENIED token_reused');
    const newer = open();
    expect(stream.closing).toMatchObject({
      kind: 'refused',
      refusal: { status: 'ABORTED', code: 'taken_over' },
    });
    engine.detach(session, stream);
    setup.act({ session, stream }, action(1, 1));
    await clock.advanceMs(80);
    expect(newer.stream.frames.map((frame) => frame.lastActionSeq)).toEqual([0, 0]);
    expect(engine.sessions).toHaveLength(1);
  });
});

describe('limits', () => {
  it('ends a session that does nothing with idle, after a notice', async () => {
    model.stepMs = 900;
    const { session, stream } = open();
    await clock.advanceMs(200_000);
    setup.act({ session, stream }, action(1));
    await clock.advanceMs(299_000);
    expect(stream.closing).toBeUndefined();
    await clock.advanceMs(1_001);
    expect(stream.closing).toMatchObject({
      kind: 'ended',
      notice: { kind: NoticeKind.ENDED, endReason: 'idle' },
    });
  });

  it('ends a session at its longest duration, also one that is held', async () => {
    const { session, stream } = open({ maxDurationMs: 20_000 });
    await clock.advanceMs(1_000);
    engine.detach(session, stream);
    await clock.advanceMs(19_001);
    expect(reportOf('a')).toMatchObject({ endReason: 'duration_limit', activeMs: 1_000 });
  });

  it('counts a session as the slots that its token gives it, and says so', () => {
    useEngine({ slots: 4 });
    open({ id: 'wide', width: 3 });
    expect(refusalOf({ id: 'b', width: 2 })).toBe('RESOURCE_EXHAUSTED slots_full');
    open({ id: 'c' });
    expect(refusalOf({ id: 'd' })).toBe('RESOURCE_EXHAUSTED slots_full');
    expect(engine.reports(9).map(({ width }) => width)).toEqual([3, 1]);
    engine.end('wide', 1, 'client_ended');
    open({ id: 'e', width: 3 });
  });

  it('frees the slot of a session that ended, and reports it until its end is acknowledged', async () => {
    open({ id: 'a' });
    open({ id: 'b' });
    expect(refusalOf({ id: 'c' })).toBe('RESOURCE_EXHAUSTED slots_full');
    await clock.advanceMs(100);
    expect(engine.end('a', 1, 'client_ended')).toMatchObject({
      kind: 'ended',
      report: { frames: 3, endReason: 'client_ended' },
    });
    open({ id: 'c' });
    const reports = engine.reports(99);
    expect(reports.map((report) => report.sessionId)).toEqual(['b', 'c', 'a']);
    engine.acknowledge(['b', 'a'], reports);
    expect(engine.reports(99).map((report) => report.sessionId)).toEqual(['b', 'c']);
  });

  it('does not wake up while nobody is there', async () => {
    const { session, stream } = open();
    await clock.advanceMs(1_010);
    engine.detach(session, stream);
    expect(clock.waiting).toBe(1);
    engine.end('a', 1, 'client_ended');
    expect(clock.waiting).toBe(0);
  });
});

describe('epochs', () => {
  it('refuses an older one, also after the session has gone', async () => {
    open({ epoch: 3 });
    expect(refusalOf({ epoch: 2 })).toBe('PERMISSION_DENIED epoch_fenced');
    engine.end('a', 3, 'operator_ended');
    expect(refusalOf({ epoch: 2 })).toBe('PERMISSION_DENIED epoch_fenced');
    expect(refusalOf({ epoch: 3 })).toBe('FAILED_PRECONDITION session_ended');
  });

  it('does not end a session for a caller that knows only an older one', () => {
    open({ epoch: 3 });
    expect(engine.end('a', 2, 'operator_ended')).toEqual({ kind: 'fenced', epoch: 3 });
    expect(engine.sessions).toHaveLength(1);
  });

  it('does not start a session whose end came before its first stream', () => {
    expect(engine.end('a', 1, 'client_ended')).toEqual({ kind: 'unknown' });
    expect(refusalOf({})).toBe('FAILED_PRECONDITION session_ended');
  });

  it('goes on from the live state when a higher one is placed here again', async () => {
    const { stream } = open({ epoch: 1 });
    await clock.advanceMs(400);
    const moved = open({ epoch: 2, nextFrameNumber: 5 });
    await clock.advanceMs(40);
    expect(stream.closing).toMatchObject({ kind: 'refused', refusal: { code: 'epoch_fenced' } });
    expect(moved.stream.notices).toMatchObject([
      { kind: NoticeKind.MIGRATED, epoch: 2, nextFrameNumber: 11 },
    ]);
    expect(moved.stream.frames[0]).toMatchObject({ number: 11, epoch: 2 });
    expect(reportOf('a', 1)).toMatchObject({ activity: SessionActivity.ENDED, frames: 10 });
    expect(reportOf('a', 2)).toMatchObject({ activity: SessionActivity.ACTIVE, frames: 1 });
  });

  it('leaves a session that moved on without telling its client of an end', async () => {
    const { stream } = open();
    engine.end('a', 1, '');
    expect(stream.closing).toMatchObject({ kind: 'refused', refusal: { code: 'handed_over' } });
    expect(engine.sessions).toHaveLength(0);
  });
});

describe('a claim', () => {
  it('must come in time; a reconnect need not', async () => {
    expect(refusalOf({ claimInMs: -1 })).toBe('UNAUTHENTICATED claim_expired');
    const { session, stream } = open({ id: 'b', claimInMs: 1_000 });
    await clock.advanceMs(5_000);
    engine.detach(session, stream);
    expect(refusalOf({ id: 'b', claimInMs: -4_000 })).toBeUndefined();
  });
});

describe('a checkpoint from another worker', () => {
  it('goes on from its state, number and action; frames are the same as if it had stayed', async () => {
    const { session, stream } = open();
    setup.act({ session, stream }, action(7, 1));
    await clock.advanceMs(2_000);
    const elsewhere = setup.another({ slots: 1 });
    const taken = stream.checkpoints.at(-1) ?? checkpoint();
    const { stream: restored } = setup.open({ epoch: 2, checkpoint: taken }, elsewhere);
    await clock.advanceMs(80);
    const from = taken.frameNumber;
    expect(restored.checkpoints).toMatchObject([
      { frameNumber: from + 1, lastActionSeq: 7, action: { axes: { forward: 1 } } },
    ]);
    expect(restored.notices).toMatchObject([{ kind: NoticeKind.MIGRATED, nextFrameNumber: from + 1 }]);
    expect(restored.frames.map(({ number, rgb, lastActionSeq }) => ({ number, rgb, lastActionSeq }))).toEqual(
      stream.frames
        .slice(from, from + 2)
        .map(({ number, rgb, lastActionSeq }) => ({ number, rgb, lastActionSeq })),
    );
  });

  it('numbers on from what the gateway has relayed when that is higher', () => {
    const { stream } = open({ checkpoint: checkpoint({ frameNumber: 25 }), nextFrameNumber: 44 });
    expect(stream.notices).toMatchObject([{ nextFrameNumber: 44 }]);
  });
});

describe('a model that fails', () => {
  it('costs only the session that it fails for', async () => {
    const bad = open({ id: 'bad' });
    const good = open({ id: 'good' });
    model.stepMs = 30;
    await clock.advanceMs(400);
    const mark = bad.session.state[3];
    model.fails = (states) => states.some((state) => state[3] === mark);
    await clock.advanceMs(2_000);
    expect(bad.stream.closing).toMatchObject({ kind: 'ended', notice: { endReason: 'model_failed' } });
    expect(good.stream.closing).toBeUndefined();
    const before = good.stream.frames.length;
    await clock.advanceMs(1_000);
    expect(good.stream.frames.length - before).toBeGreaterThanOrEqual(24);
    expect(setup.faults.at(-1)).toEqual(['bad']);
    expect(engine.quarantined).toBe(false);
  });

  it('may fail once: the step is made again', async () => {
    const { stream } = open();
    await clock.advanceMs(200);
    let left = 1;
    model.fails = () => left-- > 0;
    await clock.advanceMs(200);
    expect(stream.closing).toBeUndefined();
    expect(stream.numbers).toEqual(stream.numbers.map((_, i) => i + 1));
    expect(stream.frames.length).toBeGreaterThanOrEqual(10);
  });

  it('puts the worker in quarantine when it keeps failing: no slots, no new sessions', async () => {
    model.fails = () => true;
    for (const id of ['x', 'y', 'z']) {
      open({ id });
      await clock.advanceMs(100);
    }
    expect(engine.quarantined).toBe(true);
    expect(engine.slots).toBe(0);
    expect(refusalOf({ id: 'new' })).toBe('UNAVAILABLE worker_quarantined');
  });

  it('ends every session when it cannot be used at all', async () => {
    const { stream } = open();
    model.usable = false;
    model.fails = () => true;
    await clock.advanceMs(100);
    expect(stream.closing).toMatchObject({ notice: { endReason: 'model_failed' } });
    expect(engine.slots).toBe(0);
  });
});

describe('draining', () => {
  it('takes no new sessions and serves those it has, also when they come back', async () => {
    const { session, stream } = open();
    engine.drain(true);
    expect(refusalOf({ id: 'b' })).toBe('UNAVAILABLE worker_draining');
    engine.detach(session, stream);
    const back = open();
    await clock.advanceMs(100);
    expect(back.stream.frames).toHaveLength(3);
    engine.drain(false);
    expect(refusalOf({ id: 'b' })).toBeUndefined();
  });

  it('sends everyone away at the end of the process, with their newest checkpoints', async () => {
    const { stream } = open();
    await clock.advanceMs(500);
    engine.beginTermination(20_000);
    expect(engine.slots).toBe(0);
    engine.sendEveryoneAway();
    expect(stream.closing).toMatchObject({
      kind: 'refused',
      refusal: { status: 'UNAVAILABLE', code: 'worker_draining' },
      checkpoint: { frameNumber: 13 },
    });
    expect(reportOf('a')).toMatchObject({ activity: SessionActivity.HELD, frames: 13 });
    await clock.advanceMs(5_000);
    expect(stream.frames).toHaveLength(13);
  });
});

it('tells of every change of a session at once', async () => {
  const { session, stream } = open();
  const opened = setup.changes;
  await clock.advanceMs(400);
  const stepped = setup.changes;
  engine.detach(session, stream);
  const held = setup.changes;
  engine.end('a', 1, 'client_ended');
  expect([opened > 0, stepped - opened, held - stepped, setup.changes - held]).toEqual([true, 0, 1, 1]);
});
