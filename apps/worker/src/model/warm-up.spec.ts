import { describe, expect, it } from '@jest/globals';
import { Codec } from '@meridian/protocol';
import type { SteppingModel } from '../engine/ports.ts';
import { FakeModel } from '../testing/fake-model.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { warmUp, type WarmUp } from './warm-up.ts';

interface Machine {
  /** Of a step, by the size of its batch. */
  readonly stepMs: (batch: number) => number;
  readonly encodeMs?: number;
  readonly slots?: number;
}

/** What warm-up finds on a machine that steps one batch and encodes one image at a time, and how long it takes, s. */
async function found({
  stepMs,
  encodeMs = 0,
  slots,
}: Machine): Promise<WarmUp & { readonly tookS: number; readonly steps: number }> {
  const clock = new VirtualClock();
  const fake = new FakeModel(clock);
  const model: SteppingModel = {
    description: fake.description,
    usable: true,
    initialState: (draw) => fake.initialState(draw),
    stateFault: () => undefined,
    step: (states, actions) => {
      fake.stepMs = stepMs(states.length);
      return fake.step(states, actions);
    },
  };
  let freeUs = 0;
  const encoder = {
    encode: (bytes: Uint8Array) => {
      freeUs = Math.max(freeUs, clock.nowUs()) + encodeMs * 1_000;
      return new Promise<{ codec: Codec; width: number; height: number; bytes: Uint8Array }>((resolve) =>
        clock.at(freeUs, () => resolve({ codec: Codec.JPEG, width: 2, height: 1, bytes })),
      );
    },
  };
  const startedUs = clock.nowUs();
  let endedUs = 0;
  const warm = warmUp({ clock, model, encoder, slots }).finally(() => {
    endedUs = clock.nowUs();
  });
  for (let i = 0; endedUs === 0 && i < 100; i += 1) await clock.advanceMs(100);
  return { ...(await warm), tookS: (endedUs - startedUs) / 1e6, steps: fake.batches.length };
}

describe('warm-up', () => {
  it('finds the slots, and a batch of a quarter of the deadline, when a frame costs the same in any', async () => {
    const warm = await found({ stepMs: (batch) => 2 * batch });
    expect(warm.batchMax).toBe(4);
    // 80 % of 40 ms, at 2 ms and 0.2 ms on the way out.
    expect(warm.slots).toBe(14);
    expect(warm.stepMs.every((ms) => ms === 2)).toBe(true);
    expect(warm.tookS).toBeLessThan(1);
  });

  it('counts images too, where they hold the next step up', async () => {
    expect((await found({ stepMs: (batch) => batch, encodeMs: 3 })).slots).toBe(8);
  });

  it('takes no batch that makes frames dearer', async () => {
    const warm = await found({ stepMs: (batch) => (batch <= 2 ? batch : 1.5 * batch) });
    expect(warm.batchMax).toBe(2);
  });

  it('counts on what a batch saves', async () => {
    const warm = await found({ stepMs: (batch) => 2 * Math.ceil(batch / 4) });
    expect(warm).toMatchObject({ batchMax: 16, slots: 45 });
  });

  it('takes no batch so large that the others wait too long for it', async () => {
    const warm = await found({ stepMs: (batch) => 4 + batch / 4 });
    expect(warm.batchMax).toBe(16);
  });

  it('says one for a model that is too slow for one, and is done in time', async () => {
    const warm = await found({ stepMs: (batch) => 70 * batch });
    expect(warm).toMatchObject({ slots: 1, batchMax: 1 });
    expect(warm.tookS).toBeLessThan(3);
  });

  it('says no more than a worker may have for a model that costs nothing', async () => {
    expect((await found({ stepMs: () => 0.001 })).slots).toBeLessThanOrEqual(1_024);
  });

  it('measures no slots when it is told how many', async () => {
    const measured = await found({ stepMs: () => 2 });
    const told = await found({ stepMs: () => 2, slots: 5 });
    expect(told.slots).toBe(5);
    expect(told.steps).toBeLessThan(measured.steps);
  });
});
