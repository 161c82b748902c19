import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { standingStill } from './anchors.ts';
import { Reanchor } from './reanchor.ts';
import { ReanchoredModel } from './reanchored-model.ts';
import type { StepResult, WorldModel } from './world-model.ts';

const SIZE = { width: 128, height: 72 };
const FRAME_BYTES = SIZE.width * SIZE.height * 3;
const FRAMES_BYTES = 4 * FRAME_BYTES;
const STATE_BYTES = FRAMES_BYTES + 9;
const RULES = { minSharpness: 1.2, patienceFrames: 5, cooldownFrames: 9, fadeFrames: 4 };

/** A generator that Python and JavaScript reckon alike. */
function noise(seed: number, shade = 1): Uint8Array {
  let x = BigInt(seed);
  return Uint8Array.from({ length: FRAME_BYTES }, () => {
    x = (x * 1_103_515_245n + 12_345n) % 2_147_483_648n;
    return Math.floor(Number(x >> 23n) / shade);
  });
}

const GRAIN = noise(99);
const ANCHORS = [noise(1), noise(2, 2), noise(3, 5)].map((frame, i) => ({
  frame,
  rest: new Uint8Array(9).fill(10 * (i + 1)),
}));

/**
 * Its world fades to grey, unless nobody moves: the plainest of drifts. `steps` sets the grey and the grain. Behind its frames it
 * counts in nine bytes the steps that it made.
 */
class Fading implements WorldModel {
  steps = 0;
  readonly description = {
    model: 'fading',
    version: '1.0.0',
    frame: { ...SIZE, channels: 3 },
    framesPerSecond: 25,
    actions: ['forward'],
    stateBytes: STATE_BYTES,
    rebuildMs: 0,
    stateType: 'uint8',
  } as const;

  initialState(): Uint8Array {
    return standingStill(ANCHORS[0] ?? { frame: GRAIN, rest: new Uint8Array(9) }, STATE_BYTES);
  }

  step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult> {
    const grey = this.steps < 40 ? 128 : 30;
    const made = states.map((state, i) => {
      const last = state.slice(FRAMES_BYTES - FRAME_BYTES, FRAMES_BYTES);
      if (actions[i]?.[0] === 0) return { state: state.slice(), frame: last };
      const frame = last.map(
        (value, at) => Math.floor((value + grey) / 2) + (((GRAIN[at] ?? 0) + this.steps) % 2),
      );
      const next = new Uint8Array(STATE_BYTES);
      next.set(state.subarray(FRAME_BYTES, FRAMES_BYTES));
      next.set(frame, FRAMES_BYTES - FRAME_BYTES);
      next.set(
        state.subarray(FRAMES_BYTES).map((count) => count + 1),
        FRAMES_BYTES,
      );
      return { state: next, frame };
    });
    this.steps += 1;
    return Promise.resolve({
      states: made.map(({ state }) => state),
      frames: made.map(({ frame }) => frame),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const [WALK, STAND] = [Float32Array.of(1), Float32Array.of(0)];

interface Step {
  readonly state: Uint8Array;
  readonly frame: Uint8Array;
  readonly reanchors: number;
}

/** Steps `from` up to `to` of a walk that stands still now and then. */
async function walk(state: Uint8Array | undefined, from: number, to: number): Promise<Step[]> {
  const fading = new Fading();
  const model = new ReanchoredModel(fading, new Reanchor(RULES, SIZE, ANCHORS));
  const steps: Step[] = [];
  let now = state ?? model.initialState(0);
  for (let t = from; t < to; t += 1) {
    fading.steps = t;
    const { states, frames, reanchors = 0 } = await model.step([now], [t % 10 === 7 ? STAND : WALK]);
    [now] = states as [Uint8Array];
    steps.push({ state: now, frame: frames[0] as Uint8Array, reanchors });
  }
  return steps;
}

function digestOf(...steps: readonly Step[]): string {
  const digest = createHash('sha256');
  steps.forEach(({ frame, state }) => digest.update(frame).update(state));
  return digest.digest('hex');
}

const memoryOf = (state: Uint8Array): number[] => [...new Uint16Array(state.slice(-8).buffer)];

describe('a model that pulls its sessions back', () => {
  let steps: Step[];
  beforeAll(async () => {
    steps = await walk(undefined, 0, 80);
  });

  it('does what training/evaluate/reanchor.py does, to the bit', () => {
    const pulls = steps.flatMap(({ reanchors, state }, t) =>
      reanchors > 0 ? [[t, memoryOf(state)[3]]] : [],
    );
    expect(pulls).toEqual([
      [10, 0],
      [30, 0],
      [50, 2],
      [70, 2],
    ]);
    // Of the same walk in training/tests/test_reanchor.py: frame, state, and the four numbers, little-endian.
    expect(digestOf(...steps)).toBe('7375640daa4d31772063944a16ea1c8cc97522503bdf0d0d78f25088326df4f6');
  });

  it('takes its rest of the state from the anchor when it is there, and leaves it alone until then', () => {
    const restAfter = (t: number): number => steps[t]?.state[FRAMES_BYTES] ?? -1;
    // Ten steps made before the pull, four in it, and the anchor's instead after the last of them.
    expect([restAfter(10), restAfter(13), restAfter(14), restAfter(15)]).toEqual([20, 23, 10, 11]);
  });

  it.each([8, 12, 20, 27])('goes on from its state at step %d with the same frames', async (at) => {
    const restored = await walk(steps[at - 1]?.state, at, at + 15);
    expect(restored.map((step) => digestOf(step))).toEqual(
      steps.slice(at, at + 15).map((step) => digestOf(step)),
    );
  });

  it('says how long its states are, and refuses others', async () => {
    const model = new ReanchoredModel(new Fading(), new Reanchor(RULES, SIZE, ANCHORS));
    expect(model.description.stateBytes).toBe(STATE_BYTES + 8);
    expect(model.initialState(0)).toHaveLength(STATE_BYTES + 8);
    await expect(model.step([new Uint8Array(STATE_BYTES)], [WALK])).rejects.toMatchObject({
      code: 'bad-state',
    });
  });

  it('goes on as if nothing were amiss from a memory that cannot be its own', async () => {
    const model = new ReanchoredModel(new Fading(), new Reanchor(RULES, SIZE, ANCHORS));
    const state = model.initialState(0);
    const odd = state.slice();
    odd.fill(255, STATE_BYTES);
    const [clean, mended] = [await model.step([state], [STAND]), await model.step([odd], [STAND])];
    expect(Buffer.compare(mended.states[0] ?? odd, clean.states[0] ?? state)).toBe(0);
  });
});
