import { describe, expect, it } from '@jest/globals';
import { initialStates, readAnchors } from './anchors.ts';
import { parseManifest, type ModelManifest } from './manifest.ts';

const SHA256 = '0'.repeat(64);
const ANCHORED = {
  model: 'm',
  version: '1',
  kind: 'pixels',
  file: 'm.onnx',
  sha256: SHA256,
  fps: 25,
  frame: { width: 16, height: 8, channels: 3 },
  actions: ['forward'],
  state: { dtype: 'uint8', shape: [768], bytes: 768 },
  anchors: { file: 'anchors.bin', sha256: SHA256, count: 3, initial: 2 },
  reanchor: { minSharpness: 1.2, patienceFrames: 25, cooldownFrames: 100, fadeFrames: 8 },
};

const parse = (replaced: object): ModelManifest =>
  parseManifest(JSON.stringify({ ...ANCHORED, ...replaced }), 'model.json');

describe('a model with anchors', () => {
  it('begins in one of the first of them, standing still', () => {
    const frames = [1, 2, 3].map((value) => new Uint8Array(384).fill(value));
    const states = initialStates(parse({}), frames);
    expect(states.map((state) => [state.length, new Set(state)])).toEqual([
      [768, new Set([1])],
      [768, new Set([2])],
    ]);
  });

  it('has a file with as many frames as its manifest says', () => {
    expect(readAnchors(new Uint8Array(768), 'a.bin', 2, 384)).toHaveLength(2);
    expect(() => readAnchors(new Uint8Array(767), 'a.bin', 2, 384)).toThrow('a.bin has 767 bytes');
  });

  it.each<[string, object, string]>([
    ['neither anchors nor states to begin in', { anchors: undefined, reanchor: undefined }, 'initialStates'],
    ['both', { initialStates: [Array.from({ length: 768 }, () => 0)] }, 'initialStates'],
    ['more to begin in than there are', { anchors: { ...ANCHORED.anchors, initial: 4 } }, 'anchors.initial'],
    ['a state that is not whole frames', { state: { dtype: 'uint8', shape: [769], bytes: 769 } }, 'state'],
    ['a state of numbers', { state: { dtype: 'float32', shape: [192], bytes: 768 } }, 'state'],
    [
      'a patience that 16 bits do not hold',
      { reanchor: { ...ANCHORED.reanchor, patienceFrames: 65_536 } },
      'reanchor.patienceFrames',
    ],
    [
      'frames that blocks do not fill',
      { frame: { width: 12, height: 8, channels: 3 }, state: { dtype: 'uint8', shape: [288], bytes: 288 } },
      'frame',
    ],
  ])('is refused with %s', (_, replaced, field) =>
    expect(() => parse(replaced)).toThrow(`model.json: ${field}: `),
  );

  it('is refused when it is to be pulled back to anchors that are not there', () => {
    const state = Array.from({ length: 768 }, () => 0);
    expect(() => parse({ anchors: undefined, initialStates: [state] })).toThrow('model.json: reanchor: ');
  });
});
