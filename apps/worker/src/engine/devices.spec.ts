import { beforeEach, describe, expect, it } from '@jest/globals';
import { action, checkpoint, EngineSetup } from '../testing/engine-setup.ts';
import { Devices } from './devices.ts';

let setup: EngineSetup;

beforeEach(() => {
  setup = new EngineSetup();
});

describe('actions of several devices', () => {
  it('count as they arrive: the last one is in force, and frames say whose it is', async () => {
    const played = setup.open();
    await setup.clock.advanceMs(10);
    setup.act(played, action(100, 0.5));
    await setup.clock.advanceMs(40);
    setup.act(played, action(3, 1), { device: 2, gatewayUs: 77 });
    await setup.clock.advanceMs(40);
    setup.act(played, action(101, 0.25));
    await setup.clock.advanceMs(40);
    const seen = played.stream.frames.map((frame) => [
      ...[frame.lastActionDevice, frame.lastActionSeq, frame.actionGatewayUs, frame.rgb[2]],
    ]);
    expect(seen.slice(1)).toEqual([
      [0, 100, 0, 50],
      [2, 3, 77, 100],
      [0, 101, 0, 25],
    ]);
  });

  it('are new or not by the numbers of their own device', async () => {
    const played = setup.open();
    setup.act(played, action(3, 1), { device: 2 });
    setup.act(played, action(1, -1), { device: 2 });
    setup.act(played, action(3, -1), { device: 2 });
    await setup.clock.advanceMs(50);
    expect(played.stream.frames.at(-1)).toMatchObject({ lastActionDevice: 2, lastActionSeq: 3 });
    expect(played.stream.frames.at(-1)?.rgb[2]).toBe(100);
  });

  it('are in checkpoints, and none is applied again after a restore', async () => {
    const played = setup.open();
    setup.act(played, action(7), { device: 0 });
    setup.act(played, action(9), { device: 3 });
    setup.act(played, action(4, 0.5), { device: 5 });
    await setup.clock.advanceMs(10);
    const taken = played.stream.checkpoints.at(-1) ?? checkpoint();
    expect(taken).toMatchObject({ actionDevice: 5, lastActionSeq: 4 });
    expect(taken.deviceSeqs).toEqual([
      { device: 0, seq: 7 },
      { device: 3, seq: 9 },
    ]);
    const restored = setup.open({ id: 'b', checkpoint: taken });
    for (const [device, seq] of [
      [0, 7],
      [3, 9],
      [5, 4],
    ] as const)
      setup.act(restored, action(seq, -1), { device });
    await setup.clock.advanceMs(50);
    expect(restored.stream.frames.at(-1)).toMatchObject({ lastActionDevice: 5, lastActionSeq: 4 });
    expect(restored.stream.frames.at(-1)?.rgb[2]).toBe(50);
    setup.act(restored, action(10, 1), { device: 3 });
    await setup.clock.advanceMs(40);
    expect(restored.stream.frames.at(-1)).toMatchObject({ lastActionDevice: 3, lastActionSeq: 10 });
  });

  it('are remembered over a move within the worker, and by a session that is put back', async () => {
    const played = setup.open();
    setup.act(played, action(9, 1), { device: 3 });
    const moved = setup.open({ epoch: 2 });
    setup.act(moved, action(9, -1), { device: 3 });
    setup.engine.worlds.restore('a', 2, checkpoint({ lastActionSeq: 1, actionDevice: 8 }));
    setup.act(moved, action(9, -1), { device: 3 });
    await setup.clock.advanceMs(50);
    expect(moved.stream.frames.at(-1)).toMatchObject({ lastActionDevice: 3, lastActionSeq: 9 });
    expect(moved.stream.frames.at(-1)?.rgb[2]).toBe(0);
  });

  it('end no quiet time twice: whoever acts keeps the session awake', async () => {
    const played = setup.open({ idleMs: 10_000 });
    await setup.clock.advanceMs(9_000);
    setup.act(played, action(1), { device: 4 });
    await setup.clock.advanceMs(9_000);
    expect(played.stream.closing).toBeUndefined();
  });
});

describe('what is remembered of devices', () => {
  const actingOf = (devices: Devices): number[] => devices.seqsBut(-1).map(({ device }) => device);

  it('is of the owner and of the eight paired ones that acted last', () => {
    const devices = new Devices([{ device: 0, seq: 1 }]);
    for (let device = 1; device <= 8; device += 1) devices.take(device, 1);
    expect(actingOf(devices)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    devices.take(1, 2);
    devices.take(9, 1);
    expect(actingOf(devices)).toEqual([0, 3, 4, 5, 6, 7, 8, 1, 9]);
    for (let device = 10; device < 1_000; device += 1) devices.take(device, 1);
    expect(actingOf(devices)).toHaveLength(9);
    expect(devices.take(0, 1)).toBe(false);
  });

  it('is bounded also by what a checkpoint brings', () => {
    const seqs = Array.from({ length: 5_000 }, (_, device) => ({ device, seq: 1 }));
    expect(actingOf(new Devices(seqs))).toHaveLength(9);
  });
});
