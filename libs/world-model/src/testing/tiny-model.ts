import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ELEMENT, writeOnnx } from './onnx-writer.ts';

export interface TinyModelOptions {
  readonly opset?: number;
  readonly stateName?: string;
  readonly frameHeight?: number;
  /** Leave the frame's height out of the file's signature, as exporters often do. */
  readonly openHeight?: boolean;
  /** Read a value of the state that it does not have: nothing shows it before a step, and then every step throws. */
  readonly throws?: boolean;
}

const STATE = 3;
const ACTIONS = ['forward', 'strafe', 'yaw', 'sprint'] as const;
const FRAME = { width: 128, height: 72, channels: 3 } as const;

/**
 * An ONNX model with the step contract of the reference models and no learning in it, for tests: each action moves the
 * state, and the frame is a pattern of waves that the state shifts.
 */
export function tinyModel({
  opset = 18,
  stateName = 'state',
  frameHeight = FRAME.height,
  openHeight = false,
  throws = false,
}: TinyModelOptions = {}): Uint8Array {
  const batched = (name: string, element: number, ...shape: (number | string)[]) => ({
    name,
    element,
    shape: ['batch', ...shape],
  });
  return writeOnnx({
    opset,
    nodes: [
      { op: 'MatMul', inputs: ['action', 'gains'], output: 'move' },
      { op: 'Gather', inputs: [stateName, 'position'], output: 'here', attributes: { axis: 1 } },
      { op: 'Add', inputs: ['here', 'move'], output: 'next_state' },
      { op: 'Reshape', inputs: ['next_state', 'as_pixel'], output: 'pixel' },
      { op: 'Add', inputs: ['pixel', 'ramp'], output: 'phase' },
      { op: 'Sin', inputs: ['phase'], output: 'wave' },
      { op: 'Abs', inputs: ['wave'], output: 'light' },
      { op: 'Mul', inputs: ['light', 'white'], output: 'levels' },
      { op: 'Cast', inputs: ['levels'], output: 'frame', attributes: { to: ELEMENT.uint8 } },
    ],
    inputs: [batched(stateName, ELEMENT.float32, STATE), batched('action', ELEMENT.float32, ACTIONS.length)],
    outputs: [
      batched('next_state', ELEMENT.float32, STATE),
      batched('frame', ELEMENT.uint8, openHeight ? 'height' : frameHeight, FRAME.width, FRAME.channels),
    ],
    constants: [
      { name: 'gains', dims: [ACTIONS.length, STATE], values: gains() },
      {
        name: 'position',
        dims: [STATE],
        values: throws ? BigInt64Array.of(0n, 1n, 7n) : BigInt64Array.of(0n, 1n, 2n),
      },
      { name: 'as_pixel', dims: [4], values: BigInt64Array.of(-1n, 1n, 1n, 3n) },
      { name: 'ramp', dims: [1, frameHeight, FRAME.width, 1], values: ramp(frameHeight) },
      { name: 'white', dims: [], values: Float32Array.of(255) },
    ],
  });
}

/** Writes a model and its manifest to `dir`, with any of the manifest's fields replaced. */
export async function writeTinyModel(
  dir: string,
  onnx: Uint8Array = tinyModel(),
  replaced: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'tiny.onnx'), onnx);
  await writeFile(join(dir, 'model.json'), JSON.stringify({ ...manifestOf(onnx), ...replaced }));
}

function manifestOf(onnx: Uint8Array) {
  return {
    model: 'tiny',
    version: '1.0.0',
    kind: 'state-space',
    file: 'tiny.onnx',
    sha256: createHash('sha256').update(onnx).digest('hex'),
    fps: 25,
    frame: FRAME,
    actions: ACTIONS,
    state: { dtype: 'float32', shape: [STATE], bytes: STATE * Float32Array.BYTES_PER_ELEMENT },
    initialStates: [
      [0, 0, 0],
      [1, 2, 3],
    ],
  };
}

function gains(): Float32Array {
  return Float32Array.from([0.1, 0, 0, 0, 0.1, 0, 0, 0, 0.1, 0.05, 0.05, 0]);
}

function ramp(height: number): Float32Array {
  return Float32Array.from(
    { length: height * FRAME.width },
    (_, i) => (i % FRAME.width) / 16 + i / FRAME.width / 24,
  );
}
