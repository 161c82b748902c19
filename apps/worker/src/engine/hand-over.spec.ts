import { beforeEach, describe, expect, it } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import { SessionActivity } from '@meridian/protocol/worker';
import { action, checkpoint, EngineSetup } from '../testing/engine-setup.ts';
import { FakeModel } from '../testing/fake-model.ts';
import type { Closing } from './ports.ts';

let setup: EngineSetup;

beforeEach(() => {
  setup = new EngineSetup({ slots: 1 });
});

const lastOf = (closing: Closing | undefined) =>
  closing?.kind === 'refused' ? closing.checkpoint : undefined;
const HANDED_OVER = { kind: 'refused', refusal: { status: 'UNAVAILABLE', code: 'handed_over' } };

describe('a session that is handed over', () => {
  it('is stepped no more, and leaves a checkpoint of its last frame', async () => {
    const played = setup.open();
    setup.act(played, action(1, 1));
    // In the middle of the step of frame 14.
    await setup.clock.advanceMs(521);
    setup.engine.handOver(played.session, played.stream);
    const batches = setup.model.batches.length;
    await setup.clock.advanceMs(1_000);
    expect(played.stream.closing).toMatchObject(HANDED_OVER);
    expect(lastOf(played.stream.closing)).toMatchObject({ frameNumber: 13, lastActionSeq: 1 });
    expect(lastOf(played.stream.closing)?.state[0]).toBe(13);
    expect(played.stream.numbers.at(-1)).toBe(13);
    expect(setup.model.batches).toHaveLength(batches);
  });

  it('goes on elsewhere as it would have here', async () => {
    const [moved, stayed] = [setup.open(), setup.open({}, setup.another({}))];
    for (const { session, stream } of [moved, stayed]) {
      const stamp = { device: 0, gatewayUs: 0 };
      setup.engine.act(session, stream, action(1, 0.5), stamp);
    }
    await setup.clock.advanceMs(521);
    setup.engine.handOver(moved.session, moved.stream);
    const taken = lastOf(moved.stream.closing) ?? checkpoint();
    const { stream } = setup.open({ epoch: 2, checkpoint: taken });
    await setup.clock.advanceMs(1_000);
    const all = [...moved.stream.frames, ...stream.frames].map(({ number, rgb }) => [number, ...rgb]);
    expect(all.slice(0, 30)).toEqual(
      stayed.stream.frames.slice(0, 30).map(({ number, rgb }) => [number, ...rgb]),
    );
  });

  it('frees its slot at once, is reported to its end, and lets nobody in at its epoch', async () => {
    const { session, stream } = setup.open();
    await setup.clock.advanceMs(400);
    setup.engine.handOver(session, stream);
    expect(setup.reportOf('a')).toMatchObject({
      activity: SessionActivity.ENDED,
      endReason: 'worker_lost',
      frames: 10,
    });
    expect(setup.refusalOf({})).toBe('PERMISSION_DENIED epoch_fenced');
    expect(setup.engine.end('a', 1, '')).toMatchObject({ kind: 'ended' });
    const back = setup.open({ epoch: 2 });
    expect(back.stream.notices).toMatchObject([{ kind: NoticeKind.STARTED, epoch: 2 }]);
  });

  it('is not handed over by a stream that was taken over', () => {
    const { session, stream } = setup.open();
    const newer = setup.open();
    setup.engine.handOver(session, stream);
    expect(newer.stream.closing).toBeUndefined();
    expect(setup.engine.sessions).toHaveLength(1);
  });

  it('is let go of in the same way when the control plane says that it has moved on', async () => {
    const { stream } = setup.open();
    await setup.clock.advanceMs(400);
    setup.engine.end('a', 1, '');
    expect(stream.closing).toMatchObject(HANDED_OVER);
    expect(lastOf(stream.closing)).toMatchObject({ frameNumber: 10 });
    setup.engine.end('b', 3, '');
    expect(setup.refusalOf({ id: 'b', epoch: 3 })).toBe('PERMISSION_DENIED epoch_fenced');
  });
});

describe('a state', () => {
  const bytesMax = 4 * 1_024 * 1_024 - 4 * 1_024;

  it.each([
    ['fits into a checkpoint', bytesMax, true],
    ['is too large for one, and then none is ever sent', bytesMax + 1, false],
  ])('that %s', async (_, stateBytes, sends) => {
    const large = new FakeModel(setup.clock);
    const model = Object.assign(large, { description: { ...large.description, stateBytes } });
    const engine = setup.another({ model });
    const { session, stream } = setup.open({}, engine);
    await setup.clock.advanceMs(1_500);
    expect(stream.checkpoints.length > 0).toBe(sends);
    engine.handOver(session, stream);
    expect(stream.closing).toMatchObject(HANDED_OVER);
    expect(lastOf(stream.closing) !== undefined).toBe(sends);
  });
});
