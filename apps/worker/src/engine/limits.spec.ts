import { beforeEach, describe, expect, it } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import { action, EngineSetup } from '../testing/engine-setup.ts';
import type { RecordingStream } from '../testing/recording-stream.ts';

let setup: EngineSetup;

beforeEach(() => {
  setup = new EngineSetup();
  // Nobody looks at the frames: an hour is played with few.
  setup.model.stepMs = 900;
});

const announced = ({ notices }: RecordingStream) =>
  notices
    .filter(({ kind }) => kind === NoticeKind.ENDING_SOON)
    .map(({ endReason, endsInMs }) => [endReason, endsInMs]);

describe('the end of a session', () => {
  it('for its duration is announced a minute and ten seconds before', async () => {
    const { stream } = setup.open({ maxDurationMs: 600_000, idleMs: 1_000_000 });
    await setup.clock.advanceMs(539_990);
    expect(announced(stream)).toEqual([]);
    await setup.clock.advanceMs(10);
    expect(announced(stream)).toEqual([['duration_limit', 60_000]]);
    await setup.clock.advanceMs(60_000);
    expect(announced(stream)).toEqual([
      ['duration_limit', 60_000],
      ['duration_limit', 10_000],
    ]);
    expect(stream.closing).toMatchObject({ notice: { kind: NoticeKind.ENDED, endReason: 'duration_limit' } });
  });

  it('is announced at 20 % and 5 % of a shorter limit', async () => {
    const { stream } = setup.open({ maxDurationMs: 20_000 });
    await setup.clock.advanceMs(20_000);
    expect(announced(stream)).toEqual([
      ['duration_limit', 4_000],
      ['duration_limit', 1_000],
    ]);
  });

  it('for idleness is taken back by an action, and announced again after the next quiet time', async () => {
    const played = setup.open({ idleMs: 100_000 });
    await setup.clock.advanceMs(85_000);
    expect(announced(played.stream)).toEqual([['idle', 20_000]]);
    setup.act(played, action(1));
    await setup.clock.advanceMs(79_000);
    expect(announced(played.stream)).toHaveLength(1);
    await setup.clock.advanceMs(16_500);
    expect(announced(played.stream)).toEqual([
      ['idle', 20_000],
      ['idle', 20_000],
      ['idle', 5_000],
    ]);
  });

  it('is announced of the limit that comes first, and of the other one once that comes first', async () => {
    const played = setup.open({ idleMs: 100_000, maxDurationMs: 110_000 });
    await setup.clock.advanceMs(92_000);
    expect(announced(played.stream)).toEqual([['idle', 20_000]]);
    setup.act(played, action(1));
    await setup.clock.advanceMs(1_000);
    expect(announced(played.stream).at(-1)?.[0]).toBe('duration_limit');
    expect(announced(played.stream)).toHaveLength(2);
  });

  it('is announced to who comes back, and to nobody while the client is away', async () => {
    const { session, stream } = setup.open({ maxDurationMs: 20_000 });
    await setup.clock.advanceMs(16_500);
    setup.engine.detach(session, stream);
    await setup.clock.advanceMs(500);
    const back = setup.open();
    await setup.clock.advanceMs(1_500);
    setup.engine.detach(back.session, back.stream);
    await setup.clock.advanceMs(1_000);
    const said = [['duration_limit', 4_000]];
    expect([announced(stream), announced(back.stream)]).toEqual([said, [['duration_limit', 3_000]]]);
  });
});

describe('credit', () => {
  it('ends a session at that much active time, announced before', async () => {
    const { stream } = setup.open({ creditMs: 20_000 });
    await setup.clock.advanceMs(20_000);
    expect(announced(stream)).toEqual([
      ['budget_exhausted', 4_000],
      ['budget_exhausted', 1_000],
    ]);
    expect(stream.closing).toMatchObject({ notice: { endReason: 'budget_exhausted' } });
    expect(setup.reportOf('a')).toMatchObject({ activeMs: 20_000, creditMs: 20_000 });
  });

  it('is not used up while the client is away', async () => {
    const { session, stream } = setup.open({ creditMs: 20_000 });
    await setup.clock.advanceMs(10_000);
    setup.engine.detach(session, stream);
    await setup.clock.advanceMs(15_000);
    const back = setup.open({});
    await setup.clock.advanceMs(9_990);
    expect(back.stream.closing).toBeUndefined();
    await setup.clock.advanceMs(10);
    expect(back.stream.closing).toMatchObject({ notice: { endReason: 'budget_exhausted' } });
  });

  it('that is renewed in time is not spoken of', async () => {
    const { stream } = setup.open({ creditMs: 20_000 });
    for (const creditMs of [25_000, 35_000, 45_000]) {
      await setup.clock.advanceMs(10_000);
      setup.engine.renewCredit('a', 1, creditMs);
    }
    expect(announced(stream)).toEqual([]);
    await setup.clock.advanceMs(15_000);
    expect(announced(stream)).toHaveLength(2);
    expect(setup.reportOf('a')).toMatchObject({ activeMs: 45_000, endReason: 'budget_exhausted' });
  });

  it('never falls, and that of another epoch is none of ours', async () => {
    const { stream } = setup.open({ creditMs: 20_000 });
    setup.engine.renewCredit('a', 1, 5_000);
    setup.engine.renewCredit('a', 2, 90_000);
    await setup.clock.advanceMs(19_990);
    expect(stream.closing).toBeUndefined();
    await setup.clock.advanceMs(10);
    expect(stream.closing).toBeDefined();
  });

  it('may be given to a session that had no limit, and of none at all nothing is served', async () => {
    const { stream } = setup.open({});
    await setup.clock.advanceMs(10_000);
    setup.engine.renewCredit('a', 1, 10_100);
    await setup.clock.advanceMs(100);
    expect(stream.closing).toMatchObject({ notice: { endReason: 'budget_exhausted' } });
    const broke = setup.open({ id: 'b', creditMs: 0 });
    await setup.clock.advanceMs(0);
    expect(broke.stream.closing).toMatchObject({ notice: { endReason: 'budget_exhausted' } });
  });
});
