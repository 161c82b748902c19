import { beforeEach, describe, expect, it } from '@jest/globals';
import { Codec, NoticeKind, type Checkpoint } from '@meridian/protocol';
import { action, checkpoint, EngineSetup, format } from '../testing/engine-setup.ts';
import type { Outcome } from './worlds.ts';

let setup: EngineSetup;
beforeEach(() => {
  setup = new EngineSetup();
});

const said = <Value>(outcome: Outcome<Value>): Value | string =>
  outcome.kind === 'done' ? outcome.value : `${outcome.refusal.status} ${outcome.refusal.code}`;
const steps = (count: number, forward = 0): Uint8Array => Uint8Array.of(count, 0, forward, 7);

describe('a checkpoint of a live session', () => {
  it('is its world as of its newest frame, with the action in force and the format', async () => {
    const { clock, engine } = setup;
    const { session, stream } = setup.open();
    setup.act({ session, stream }, action(3, 0.5));
    engine.formatFrames(session, stream, format({ codec: Codec.WEBP }));
    await clock.advanceMs(410);
    expect(said(engine.worlds.checkpoint('a', 1))).toMatchObject({
      model: 'fake',
      modelVersion: '1.0.0',
      epoch: 1,
      frameNumber: 11,
      lastActionSeq: 3,
      state: stream.frames.at(-1)?.rgb,
      action: { axes: { forward: 0.5 } },
      format: { codec: Codec.WEBP },
    });
  });
});

describe('a restore', () => {
  const restore = (rest: Partial<Checkpoint> = {}, epoch = 1) =>
    said(setup.engine.worlds.restore('a', epoch, checkpoint(rest)));

  it('puts the world back; frame numbers and the own action number go on', async () => {
    const { clock } = setup;
    const { session, stream } = setup.open();
    setup.act({ session, stream }, action(9, 1));
    await clock.advanceMs(410);
    expect(restore({ state: steps(100), lastActionSeq: 2, action: action(2, 0.25) })).toBe(12);
    await clock.advanceMs(40);
    expect(stream.frames.at(-1)).toMatchObject({ number: 12, lastActionSeq: 9, rgb: steps(101, 25) });
    setup.act({ session, stream }, action(9, 1));
    setup.act({ session, stream }, action(10, -1));
    await clock.advanceMs(40);
    expect(stream.frames.at(-1)).toMatchObject({ number: 13, lastActionSeq: 10 });
  });

  it('goes out as a checkpoint with the next frame, so that the old world cannot come back elsewhere', async () => {
    const { stream } = setup.open();
    await setup.clock.advanceMs(410);
    restore({ state: steps(100) });
    await setup.clock.advanceMs(40);
    expect(stream.checkpoints.map(({ frameNumber, state }) => [frameNumber, state[0]])).toEqual([
      [1, 1],
      [12, 101],
    ]);
  });

  it('is not overwritten by a step that was running, and no number is lost by it', async () => {
    setup.model.stepMs = 30;
    const { session, stream } = setup.open();
    await setup.clock.advanceMs(410);
    expect(session.stepping).toBe(true);
    expect(restore({ state: steps(100) })).toBe(11);
    await setup.clock.advanceMs(80);
    const after = stream.frames.filter(({ number }) => number >= 11);
    expect(after.map(({ number, rgb }) => [number, rgb[0]])).toEqual([
      [11, 101],
      [12, 102],
    ]);
  });

  it('is not blamed for the failure of a step in the world before it', async () => {
    setup.model.stepMs = 30;
    const { stream } = setup.open();
    await setup.clock.advanceMs(410);
    setup.model.fails = (states) => (states[0]?.[0] ?? 0) < 100;
    await setup.clock.advanceMs(65);
    expect(setup.faults).toHaveLength(1);
    restore({ state: steps(100) });
    let left = 1;
    setup.model.fails = () => left-- > 0;
    await setup.clock.advanceMs(400);
    expect(setup.faults).toHaveLength(3);
    expect(stream.closing).toBeUndefined();
    expect(stream.frames.at(-1)?.rgb[0]).toBeGreaterThan(105);
  });

  it('reaches a session whose client is away', async () => {
    const { session, stream } = setup.open();
    await setup.clock.advanceMs(410);
    setup.engine.detach(session, stream);
    expect(restore({ state: steps(100) })).toBe(12);
    const back = setup.open();
    await setup.clock.advanceMs(10);
    expect(back.stream.frames).toMatchObject([{ number: 12, rgb: steps(101) }]);
  });

  it.each<[string, Partial<Checkpoint>, string]>([
    ['another model', { model: 'other' }, 'checkpoint_mismatch'],
    ['another version', { modelVersion: '2.0.0' }, 'checkpoint_mismatch'],
    ['another size', { state: new Uint8Array(3) }, 'checkpoint_mismatch'],
    ['a state that is none', { state: Uint8Array.of(0, 0, 0, 255) }, 'checkpoint_invalid'],
  ])('of %s is refused, live and on open, and changes nothing', async (_, wrong, code) => {
    const { stream } = setup.open();
    await setup.clock.advanceMs(10);
    expect(restore(wrong)).toBe(`FAILED_PRECONDITION ${code}`);
    expect(setup.refusalOf({ id: 'b', checkpoint: checkpoint(wrong) })).toBe(`FAILED_PRECONDITION ${code}`);
    expect(setup.engine.sessions).toHaveLength(1);
    await setup.clock.advanceMs(80);
    expect(stream.numbers).toEqual([1, 2, 3]);
  });
});

describe('a fork', () => {
  const fork = (forkSessionId = 'b', claimMs = 60_000, epoch = 1) =>
    said(setup.engine.worlds.fork({ sessionId: 'a', epoch, forkSessionId, claimMs }));

  beforeEach(async () => {
    const { session, stream } = setup.open();
    setup.act({ session, stream }, action(5, 0.5));
    setup.engine.formatFrames(session, stream, format({ codec: Codec.RAW_RGB }));
    await setup.clock.advanceMs(410);
  });

  it('starts from the copy, with its deeds and its numbers, and with actions and format of its own', async () => {
    expect(fork()).toBe(11);
    await setup.clock.advanceMs(400);
    const { session, stream } = setup.open({ id: 'b' });
    expect(stream.notices).toMatchObject([{ kind: NoticeKind.STARTED, nextFrameNumber: 12 }]);
    await setup.clock.advanceMs(10);
    expect(stream.frames).toMatchObject([{ number: 12, lastActionSeq: 0 }]);
    expect(stream.frames[0]?.format).toBeUndefined();
    expect(stream.frames[0]?.rgb.slice(0, 3)).toEqual(Uint8Array.of(12, 0, 50));
    setup.act({ session, stream }, action(1, 1));
    await setup.clock.advanceMs(40);
    expect(stream.frames.at(-1)?.lastActionSeq).toBe(1);
  });

  it('leaves the forked session as it is, also when the copy goes another way', async () => {
    fork();
    const copied = setup.open({ id: 'b', nextFrameNumber: 100 });
    expect(copied.stream.notices).toMatchObject([{ nextFrameNumber: 100 }]);
    setup.act(copied, action(1, -1));
    await setup.clock.advanceMs(400);
    expect(setup.reportOf('a')).toMatchObject({ frames: 21 });
    expect(said(setup.engine.worlds.checkpoint('a', 1))).toMatchObject({ frameNumber: 21, lastActionSeq: 5 });
  });

  it('outlives its source, is taken once, and not by a session that brings its own checkpoint', async () => {
    fork('b');
    fork('c');
    setup.engine.end('a', 1, 'client_ended');
    expect(setup.open({ id: 'b' }).session.frameNumber).toBe(11);
    setup.engine.end('b', 1, 'client_ended');
    expect(setup.open({ id: 'c', checkpoint: checkpoint() }).session.frameNumber).toBe(25);
  });

  it('waits no longer than its claim', async () => {
    fork('b', 1_000);
    fork('c', 2_000);
    await setup.clock.advanceMs(1_001);
    expect(setup.open({ id: 'b' }).session.frameNumber).toBe(0);
    setup.engine.end('b', 1, 'client_ended');
    expect(setup.open({ id: 'c' }).session.frameNumber).toBe(11);
  });

  it('takes no more room than the worker has slots; a second copy for a session replaces the first', async () => {
    expect([fork('b'), fork('c'), fork('d')]).toEqual([11, 11, 'RESOURCE_EXHAUSTED forks_full']);
    await setup.clock.advanceMs(40);
    expect(fork('b')).toBe(12);
    expect(setup.open({ id: 'b' }).session.frameNumber).toBe(12);
    expect(fork('d')).toBe(12);
  });

  it.each<[string, () => void, string]>([
    ['served already', () => setup.open({ id: 'b' }), 'ALREADY_EXISTS already_served'],
    ['not to be taken: the worker drains', () => setup.engine.drain(true), 'UNAVAILABLE worker_draining'],
    [
      'not to be taken: the process ends',
      () => setup.engine.beginTermination(20_000),
      'UNAVAILABLE worker_draining',
    ],
    ['not to be taken: quarantine', () => (setup.model.usable = false), 'UNAVAILABLE worker_quarantined'],
  ])('is refused for a session that is %s', (_, happens, refused) => {
    happens();
    expect(fork()).toBe(refused);
  });

  it.each<[string, () => void]>([
    ['a drain', () => setup.engine.drain(true)],
    ['the end of its session', () => setup.engine.end('b', 1, 'client_ended')],
    ['the end of the process', () => setup.engine.beginTermination(20_000)],
  ])('is let go by %s', (_, happens) => {
    const before = setup.clock.waiting;
    fork();
    expect(setup.clock.waiting).toBe(before + 1);
    happens();
    expect(setup.clock.waiting).toBe(before);
  });
});

describe('whoever asks', () => {
  const asks = (id: string, epoch: number) => {
    const { worlds } = setup.engine;
    return [
      worlds.checkpoint(id, epoch),
      worlds.restore(id, epoch, checkpoint()),
      worlds.fork({ sessionId: id, epoch, forkSessionId: 'f', claimMs: 1 }),
    ].map((outcome) => said<unknown>(outcome));
  };

  it('knows the session, at its epoch or a higher one', () => {
    setup.open({ epoch: 3 });
    expect(new Set(asks('a', 2))).toEqual(new Set(['FAILED_PRECONDITION epoch_fenced']));
    expect(new Set(asks('nobody', 9))).toEqual(new Set(['NOT_FOUND unknown_session']));
    expect(asks('a', 4)[1]).toBe(1);
    setup.engine.end('a', 3, 'idle');
    expect(new Set(asks('a', 3))).toEqual(new Set(['NOT_FOUND unknown_session']));
  });
});
