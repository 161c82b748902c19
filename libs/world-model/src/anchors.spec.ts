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

/** Two frames, and three bytes behind them. */
const POSED = {
  dtype: 'uint8',
  shape: [771],
  bytes: 771,
  layout: [
    { name: 'frames', bytes: 768, meaning: 'seen' },
    { name: 'pose', bytes: 3, meaning: 'believed' },
  ],
};

describe('a model with anchors', () => {
  const anchors = [1, 2, 3].map((value) => ({
    frame: new Uint8Array(384).fill(value),
    rest: Uint8Array.of(7, 8, value),
  }));

  it('begins in one of the first of them, standing still where its frame was seen from', () => {
    const states = initialStates(parse({ state: POSED }), anchors);
    expect(
      states.map((state) => [state.length, new Set(state.subarray(0, 768)), [...state.slice(768)]]),
    ).toEqual([
      [771, new Set([1]), [7, 8, 1]],
      [771, new Set([2]), [7, 8, 2]],
    ]);
  });

  it('begins with nothing but frames where its state has nothing else', () => {
    const [state] = initialStates(parse({}), [
      { frame: new Uint8Array(384).fill(1), rest: new Uint8Array(0) },
    ]);
    expect([state?.length, new Set(state)]).toEqual([768, new Set([1])]);
  });

  it('has a file with as many anchors as its manifest says', () => {
    const bytes = Uint8Array.from({ length: 2 * 387 }, (_, i) => i);
    const read = readAnchors(bytes, 'a.bin', 2, { frame: 384, rest: 3 });
    expect(read.map(({ frame, rest }) => [frame.length, frame[0], [...rest]])).toEqual([
      [384, 0, [128, 129, 130]],
      [384, 131, [3, 4, 5]],
    ]);
    expect(() => readAnchors(new Uint8Array(768), 'a.bin', 2, { frame: 384, rest: 3 })).toThrow(
      'a.bin has 768 bytes; 2 anchors of 387 make 774',
    );
  });

  it('has a state that its layout says all of', () => {
    const layout = [{ name: 'frames', bytes: 768, meaning: 'seen' }];
    expect(() => parse({ state: { ...POSED, layout } })).toThrow(
      'model.json: state.layout: its parts make 768',
    );
  });

  it.each<[string, object, string]>([
    ['neither anchors nor states to begin in', { anchors: undefined, reanchor: undefined }, 'initialStates'],
    ['both', { initialStates: [Array.from({ length: 768 }, () => 0)] }, 'initialStates'],
    ['more to begin in than there are', { anchors: { ...ANCHORED.anchors, initial: 4 } }, 'anchors.initial'],
    ['a state that is not whole frames', { state: { dtype: 'uint8', shape: [769], bytes: 769 } }, 'state'],
    [
      'frames in its state that are not whole',
      {
        state: {
          ...POSED,
          layout: [
            { name: 'frames', bytes: 767, meaning: 'seen' },
            { name: 'pose', bytes: 4, meaning: 'believed' },
          ],
        },
      },
      'state',
    ],
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
