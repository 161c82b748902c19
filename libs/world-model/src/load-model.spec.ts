/** @jest-environment ./libs/world-model/src/testing/typed-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from './load-model.ts';
import type { ModelError } from './model-error.ts';
import { tinyModel, writeTinyModel } from './testing/index.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'meridian-model-'));
});
afterAll(() => rm(root, { recursive: true }));

const folder = (name: string): string => join(root, name);

async function refusal(dir: string): Promise<Pick<ModelError, 'code' | 'message'>> {
  const outcome: unknown = await loadModel(dir).catch((error: unknown) => error);
  return outcome as ModelError;
}

describe('a model that is as its manifest says', () => {
  it('describes itself, and gives the same state for the same draw', async () => {
    await writeTinyModel(folder('good'));
    const model = await loadModel(folder('good'));
    expect(model.description).toMatchObject({
      model: 'tiny',
      version: '1.0.0',
      framesPerSecond: 25,
      frame: { width: 128, height: 72 },
      stateBytes: 12,
      rebuildMs: 0,
    });
    expect(model.initialState(0.9)).toEqual(model.initialState(0.6));
    expect(model.initialState(0.1)).not.toEqual(model.initialState(0.6));
    await model.close();
  });

  it('says how long it takes to build up what is not in its state', async () => {
    await writeTinyModel(folder('slow'), tinyModel(), { rebuildMs: 1_500 });
    const model = await loadModel(folder('slow'));
    expect(model.description.rebuildMs).toBe(1_500);
    await model.close();
  });

  it('steps a session to the same bytes, alone or in a batch', async () => {
    const model = await loadModel(folder('good'));
    const [a, b] = [model.initialState(0), model.initialState(0.9)];
    const [walk, turn] = [Float32Array.of(1, 0, 0, 0), Float32Array.of(0, 0, 1, 0)];
    const together = await model.step([a, b], [walk, turn]);
    const alone = await model.step([b], [turn]);
    expect(together.frames.map((frame) => frame.length)).toEqual([72 * 128 * 3, 72 * 128 * 3]);
    expect(together.states[1]).toEqual(alone.states[0]);
    expect(together.frames[1]).toEqual(alone.frames[0]);
    expect(together.states[0]).not.toEqual(a);
    await model.close();
  });

  it('refuses states and actions of another size, and says when its own state is not finite', async () => {
    const model = await loadModel(folder('good'));
    const still = new Float32Array(4);
    await expect(model.step([new Uint8Array(11)], [still])).rejects.toMatchObject({ code: 'bad-state' });
    await expect(model.step([model.initialState(0)], [new Float32Array(3)])).rejects.toMatchObject({
      code: 'bad-action',
    });
    await expect(model.step([model.initialState(0)], [])).rejects.toMatchObject({ code: 'bad-action' });
    const poisoned = new Uint8Array(Float32Array.of(Number.NaN, 0, 0).buffer);
    await expect(model.step([poisoned], [still])).rejects.toMatchObject({ code: 'step-failed' });
    await model.close();
  });
});

describe('the dream that ships', () => {
  it('carries four frames, nine bytes of pose and the memory of its policy, and refuses the states of 1.0.0', async () => {
    const model = await loadModel(join(import.meta.dirname, '..', 'models', 'dream'));
    const frames = 4 * 72 * 128 * 3;
    expect(model.description).toMatchObject({
      version: '1.1.0',
      stateBytes: frames + 9 + 8,
      stateType: 'uint8',
    });
    const begun = model.initialState(0);
    const pose = begun.slice(frames, frames + 9);
    expect(pose.some((byte) => byte !== 0)).toBe(true);
    const walked = await model.step([begun], [Float32Array.of(1, 0, 0.3, 0)]);
    expect(walked.states[0]?.slice(frames, frames + 9)).not.toEqual(pose);
    const stood = await model.step([begun], [new Float32Array(4)]);
    expect(Buffer.compare(stood.states[0] ?? pose, begun)).toBe(0);
    await expect(model.step([new Uint8Array(frames + 8)], [new Float32Array(4)])).rejects.toMatchObject({
      code: 'bad-state',
    });
    await model.close();
  });
});

describe('a model that is not', () => {
  it('is missing: the manifest, or the file it names', async () => {
    expect(await refusal(folder('nowhere'))).toMatchObject({ code: 'missing' });
    await writeTinyModel(folder('no-file'));
    await rm(join(folder('no-file'), 'tiny.onnx'));
    expect(await refusal(folder('no-file'))).toMatchObject({ code: 'missing' });
  });

  it('has a manifest that is no JSON, or that contradicts itself', async () => {
    await writeTinyModel(folder('no-json'));
    await writeFile(join(folder('no-json'), 'model.json'), '{');
    expect(await refusal(folder('no-json'))).toMatchObject({ code: 'bad-manifest' });
    await writeTinyModel(folder('odd'), tinyModel(), { initialStates: [[0, 0]] });
    const odd = await refusal(folder('odd'));
    expect(odd.code).toBe('bad-manifest');
    expect(odd.message).toContain('initialStates.0');
  });

  it('has a manifest whose time to build a state up again is none', async () => {
    await writeTinyModel(folder('rebuild'), tinyModel(), { rebuildMs: -1 });
    expect(await refusal(folder('rebuild'))).toMatchObject({ code: 'bad-manifest' });
  });

  it('names a file outside its folder', async () => {
    await writeTinyModel(folder('outside'), tinyModel(), { file: '../good/tiny.onnx' });
    expect(await refusal(folder('outside'))).toMatchObject({ code: 'bad-manifest' });
  });

  it('was truncated', async () => {
    await writeTinyModel(folder('short'));
    await truncate(join(folder('short'), 'tiny.onnx'), 200);
    const short = await refusal(folder('short'));
    expect(short.code).toBe('digest-mismatch');
    expect(short.message).toContain('200 bytes');
  });

  it('is larger than a worker may load', async () => {
    await writeTinyModel(folder('large'));
    await truncate(join(folder('large'), 'tiny.onnx'), 600 * 1024 * 1024);
    const large = await refusal(folder('large'));
    expect(large.code).toBe('too-large');
    expect(large.message).toContain('629145600 bytes');
  });

  it('throws in its first step', async () => {
    await writeTinyModel(folder('throws'), tinyModel({ throws: true }));
    const throws = await refusal(folder('throws'));
    expect(throws.code).toBe('step-failed');
    expect(throws.message).toContain('Gather');
  });

  it('is no ONNX at all', async () => {
    await writeTinyModel(folder('garbage'), Buffer.from('no model, but its digest is right'));
    expect(await refusal(folder('garbage'))).toMatchObject({ code: 'corrupt' });
  });

  it('needs an opset from the future', async () => {
    await writeTinyModel(folder('future'), tinyModel({ opset: 99 }));
    const future = await refusal(folder('future'));
    expect(future.code).toBe('unsupported');
    expect(future.message).toContain('opset');
  });

  it('leaves its frame size open and then answers with another', async () => {
    await writeTinyModel(folder('open'), tinyModel({ openHeight: true }));
    await (await loadModel(folder('open'))).close();
    await writeTinyModel(folder('open-tall'), tinyModel({ openHeight: true, frameHeight: 96 }));
    const tall = await refusal(folder('open-tall'));
    expect(tall.code).toBe('signature-mismatch');
  });

  it('has another frame size, or other names, than the step contract', async () => {
    await writeTinyModel(folder('tall'), tinyModel({ frameHeight: 96 }));
    const tall = await refusal(folder('tall'));
    expect(tall.code).toBe('signature-mismatch');
    expect(tall.message).toContain('frame uint8[batch,96,128,3]');
    await writeTinyModel(folder('named'), tinyModel({ stateName: 'x' }));
    const named = await refusal(folder('named'));
    expect(named.code).toBe('signature-mismatch');
    expect(named.message).toContain('x float32[batch,3]');
  });
});
