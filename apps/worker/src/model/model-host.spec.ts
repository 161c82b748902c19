import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTinyModel } from '@meridian/world-model/testing';
import { ModelHost } from './model-host.ts';

const LIMITS = { stepMsMax: 250, loadMsMax: 20_000 };
const UNRULY = new URL('../testing/unruly-thread.ts', import.meta.url);
const [STEPS, FAILS, HANGS, DIES] = [0, 1, 2, 3].map((way) => Uint8Array.of(way)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const ACTION = new Float32Array(1);

let modelDir: string;
beforeEach(async () => {
  modelDir = await mkdtemp(join(tmpdir(), 'meridian-host-'));
});
afterEach(() => rm(modelDir, { recursive: true }));

describe('a model in its own thread', () => {
  it('loads, describes itself and steps', async () => {
    await writeTinyModel(modelDir);
    const host = await ModelHost.start({ modelDir, ...LIMITS });
    expect(host.description).toMatchObject({ model: 'tiny', stateBytes: 12 });
    const { states, frames } = await host.step([host.initialState(0)], [new Float32Array(4)]);
    expect(states[0]).toHaveLength(12);
    expect(frames[0]).toHaveLength(72 * 128 * 3);
    await host.close();
  });

  it('says why it cannot be loaded', async () => {
    await expect(ModelHost.start({ modelDir, ...LIMITS })).rejects.toMatchObject({
      name: 'ModelError',
      code: 'missing',
    });
  });
});

describe('a step that', () => {
  let host: ModelHost;
  beforeEach(async () => {
    host = await ModelHost.start({ modelDir, ...LIMITS, entry: UNRULY });
  });
  afterEach(() => host.close());

  const goesOn = async (): Promise<void> => {
    await expect(host.step([STEPS], [ACTION])).resolves.toMatchObject({ states: [STEPS] });
    expect(host.usable).toBe(true);
  };

  it('fails costs itself', async () => {
    await expect(host.step([FAILS], [ACTION])).rejects.toThrow('it failed');
    await goesOn();
  });

  it('hangs is given up, and another thread goes on', async () => {
    await expect(host.step([HANGS], [ACTION])).rejects.toThrow('did not end within 250 ms');
    await goesOn();
  });

  it('kills its thread is told at once, and another thread goes on', async () => {
    await expect(host.step([DIES], [ACTION])).rejects.toThrow('ended');
    await goesOn();
  });
});

it('is unusable for good when the model cannot be loaded again', async () => {
  await writeTinyModel(modelDir);
  const host = await ModelHost.start({ modelDir, stepMsMax: 1, loadMsMax: 20_000 });
  await rm(join(modelDir, 'tiny.onnx'));
  const many = Array.from({ length: 512 }, () => host.initialState(0));
  const still = many.map(() => new Float32Array(4));
  await expect(host.step(many, still)).rejects.toThrow('did not end within 1 ms');
  await expect(host.step(many, still)).rejects.toMatchObject({ code: 'missing' });
  expect(host.usable).toBe(false);
});
