// Pulling a drifting dream back, as training/evaluate/reanchor.py does to the bit. Whole numbers only.
//
// A1. It looks at the frame shown and nothing else: a state begins with the last frames shown, also in a pull and after.
// A2. It acts after `patienceFrames` in a row too flat to be the place, and then not again for `cooldownFrames`.
// A3. A pull blends over `fadeFrames` into the anchor that looks most alike, then starts there: from that frame, standing
//     still, with the anchor's rest of the state (its pose) behind. What the model keeps there meanwhile is left alone.
// A4. An idle visitor is left alone: no frame of a zero action counts or changes.
// A5. What it remembers of a session travels with the session's state: restored, it does the same at the same frames.
import { standingStill, type Anchor } from './anchors.ts';

export interface ReanchorRules {
  /** Mean step of luma between horizontal neighbours, in levels of 256, below which a frame is too flat. */
  readonly minSharpness: number;
  readonly patienceFrames: number;
  readonly cooldownFrames: number;
  readonly fadeFrames: number;
}

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** Of one session: frames too flat so far, frames to wait, frame of the pull (0: none), and the anchor it goes to. */
export interface PullMemory {
  readonly low: number;
  readonly wait: number;
  readonly fade: number;
  readonly anchor: number;
}

export interface Reanchored {
  /** The state to keep, without the memory. */
  readonly state: Uint8Array;
  /** The frame to show. */
  readonly frame: Uint8Array;
  readonly memory: PullMemory;
}

/** A side of the blocks whose sums are a thumbnail. */
export const BLOCK_PIXELS = 8;
const CHANNELS = 3;
/** Of R, G and B, of 256. */
const [RED, GREEN, BLUE] = [77, 150, 29] as const;

export class Reanchor {
  readonly #rules: ReanchorRules;
  readonly #size: FrameSize;
  readonly #anchors: readonly Anchor[];
  readonly #thumbnails: readonly Float64Array[];

  constructor(rules: ReanchorRules, size: FrameSize, anchors: readonly Anchor[]) {
    this.#rules = rules;
    this.#size = size;
    this.#anchors = anchors;
    this.#thumbnails = anchors.map(({ frame }) => thumbnail(frame, size));
  }

  /** What the model answered, as it is to be kept and shown. */
  after(action: Float32Array, state: Uint8Array, frame: Uint8Array, memory: PullMemory): Reanchored {
    if (action.every((value) => value === 0)) return { state, frame, memory };
    if (memory.fade > 0) return this.#pull(state, frame, memory);
    if (memory.wait > 0) return { state, frame, memory: { ...memory, wait: memory.wait - 1 } };
    return { state, frame, memory: this.#watch(frame, memory) };
  }

  /** A memory that this policy can have left: a state from elsewhere may bring any. */
  knows({ low, wait, fade, anchor }: PullMemory): boolean {
    const { patienceFrames, cooldownFrames, fadeFrames } = this.#rules;
    return (
      low < patienceFrames && wait <= cooldownFrames && fade <= fadeFrames && anchor < this.#anchors.length
    );
  }

  #watch(frame: Uint8Array, memory: PullMemory): PullMemory {
    const { width, height } = this.#size;
    const flat = contrastSum(frame, width) < this.#rules.minSharpness * 256 * (height * (width - 1));
    const low = flat ? memory.low + 1 : 0;
    if (low < this.#rules.patienceFrames) return { ...memory, low };
    return { ...memory, low: 0, fade: 1, anchor: this.#nearest(frame) };
  }

  #pull(state: Uint8Array, frame: Uint8Array, memory: PullMemory): Reanchored {
    const { fadeFrames, cooldownFrames } = this.#rules;
    const anchor = this.#anchors[memory.anchor];
    if (anchor === undefined) return { state, frame, memory };
    const { rest } = anchor;
    const mixed = mix(frame, anchor.frame, memory.fade, fadeFrames);
    if (memory.fade < fadeFrames) {
      const kept = state.slice();
      kept.set(mixed, state.length - rest.length - mixed.length);
      return { state: kept, frame: mixed, memory: { ...memory, fade: memory.fade + 1 } };
    }
    return {
      state: standingStill({ frame: mixed, rest }, state.length),
      frame: mixed,
      memory: { ...memory, fade: 0, wait: cooldownFrames },
    };
  }

  /** The first of equals. */
  #nearest(frame: Uint8Array): number {
    const seen = thumbnail(frame, this.#size);
    const distances = this.#thumbnails.map((known) => distance(known, seen));
    return distances.indexOf(Math.min(...distances));
  }
}

/** Steps of luma between horizontal neighbours, times 256, summed over the frame. */
function contrastSum(frame: Uint8Array, width: number): number {
  let sum = 0;
  for (let row = 0; row < frame.length; row += width * CHANNELS) {
    let before = luma(frame, row);
    for (let at = row + CHANNELS; at < row + width * CHANNELS; at += CHANNELS) {
      const here = luma(frame, at);
      sum += Math.abs(here - before);
      before = here;
    }
  }
  return sum;
}

function luma(frame: Uint8Array, at: number): number {
  return RED * (frame[at] ?? 0) + GREEN * (frame[at + 1] ?? 0) + BLUE * (frame[at + 2] ?? 0);
}

/** `step` of `steps` on the way from one frame to another, rounded to the nearest. */
function mix(from: Uint8Array, to: Uint8Array, step: number, steps: number): Uint8Array {
  const half = Math.floor(steps / 2);
  return from.map((value, i) => Math.floor((value * (steps - step) + (to[i] ?? 0) * step + half) / steps));
}

/** Sums of blocks, row by row of them, each of R, G and B. */
function thumbnail(frame: Uint8Array, { width, height }: FrameSize): Float64Array {
  const across = width / BLOCK_PIXELS;
  const sums = new Float64Array(frame.length / BLOCK_PIXELS ** 2);
  for (let row = 0; row < height; row += 1) {
    const first = ((row - (row % BLOCK_PIXELS)) / BLOCK_PIXELS) * across * CHANNELS;
    for (let column = 0; column < width; column += 1) {
      const at = first + ((column - (column % BLOCK_PIXELS)) / BLOCK_PIXELS) * CHANNELS;
      const pixel = (row * width + column) * CHANNELS;
      for (let c = 0; c < CHANNELS; c += 1) sums[at + c] = (sums[at + c] ?? 0) + (frame[pixel + c] ?? 0);
    }
  }
  return sums;
}

function distance(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
}
