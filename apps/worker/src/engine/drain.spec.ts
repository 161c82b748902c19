import { beforeEach, describe, expect, it } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import { SessionActivity } from '@meridian/protocol/worker';
import { EngineSetup } from '../testing/engine-setup.ts';
import { settle } from '../testing/virtual-clock.ts';

let setup: EngineSetup;

beforeEach(() => {
  setup = new EngineSetup();
});

describe('a drain by the operator', () => {
  it('is told once to each stream, also to one that opens meanwhile, and sessions go on without limit', async () => {
    const { stream } = setup.open();
    setup.engine.drain(true);
    setup.engine.drain(true);
    await setup.clock.advanceMs(60_000);
    expect(stream.drainings).toEqual([0]);
    expect(stream.closing).toBeUndefined();
    expect(stream.frames.length).toBeGreaterThan(1_400);
    const back = setup.open();
    expect(back.stream.notices).toMatchObject([{ kind: NoticeKind.RESUMED }]);
    expect(back.stream.drainings).toEqual([0]);
  });

  it('is told anew after a lift', () => {
    const { stream } = setup.open();
    setup.engine.drain(true);
    setup.engine.drain(false);
    expect(stream.drainings).toEqual([0]);
    setup.engine.drain(true);
    expect(stream.drainings).toEqual([0, 0]);
  });

  it('is not told to a session whose client is away, until it is back', async () => {
    const { session, stream } = setup.open();
    setup.engine.detach(session, stream);
    setup.engine.drain(true);
    expect(stream.drainings).toEqual([]);
    await setup.clock.advanceMs(10_000);
    expect(setup.open().stream.drainings).toEqual([0]);
  });
});

describe('the end of the process', () => {
  const gone = (): { readonly is: () => boolean } => {
    let is = false;
    void setup.engine.streamsGone().then(() => (is = true));
    return { is: () => is };
  };

  it('tells each stream how long it has, also one that opens late or was told of a drain', async () => {
    const { stream } = setup.open();
    setup.engine.drain(true);
    setup.engine.beginTermination(20_000);
    expect(stream.drainings).toEqual([0, 20_000]);
    await setup.clock.advanceMs(5_000);
    const back = setup.open();
    expect(back.stream.drainings).toEqual([15_000]);
    setup.engine.drain(false);
    setup.engine.drain(true);
    expect(setup.engine.draining).toBe(true);
    expect(back.stream.drainings).toEqual([15_000]);
  });

  it('waits for streams, whose sessions go on, and not for held sessions', async () => {
    const [a, b] = [setup.open({ id: 'a' }), setup.open({ id: 'b' })];
    setup.engine.beginTermination(20_000);
    const waiting = gone();
    await setup.clock.advanceMs(4_000);
    expect(a.stream.frames.length).toBeGreaterThanOrEqual(100);
    setup.engine.handOver(a.session, a.stream);
    await settle();
    expect(waiting.is()).toBe(false);
    setup.engine.detach(b.session, b.stream);
    await settle();
    expect(waiting.is()).toBe(true);
    expect(setup.reportOf('b')?.activity).toBe(SessionActivity.HELD);
  });

  it('waits no longer than it said, and at once when nobody is there', async () => {
    setup.open();
    setup.engine.beginTermination(20_000);
    const waiting = gone();
    await setup.clock.advanceMs(19_999);
    expect(waiting.is()).toBe(false);
    await setup.clock.advanceMs(1);
    expect(waiting.is()).toBe(true);
    setup.engine.sendEveryoneAway();
    expect(setup.refusalOf({})).toBe('UNAVAILABLE worker_draining');
    const empty = new EngineSetup();
    empty.engine.beginTermination(20_000);
    await empty.engine.streamsGone();
    expect(empty.clock.waiting).toBe(0);
  });
});
