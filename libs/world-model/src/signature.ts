// The step contract, checked before the first step: a wrong file is refused at load, never in the middle of a session.
import type { InferenceSession } from 'onnxruntime-node';
import type { ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';

interface TensorShape {
  readonly name: string;
  readonly type: string;
  /** Without the leading batch dimension. */
  readonly shape: readonly number[];
}

interface Signature {
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
}

/** @throws ModelError `signature-mismatch` saying what was expected and what the file has. */
export function checkSignature(session: InferenceSession, manifest: ModelManifest): void {
  const expected = signatureOf(manifest);
  checkTensors('input', session.inputMetadata, expected.inputs);
  checkTensors('output', session.outputMetadata, expected.outputs);
}

function signatureOf({ state, actions, frame }: ModelManifest): Signature {
  return {
    inputs: [
      { name: 'state', type: state.dtype, shape: state.shape },
      { name: 'action', type: 'float32', shape: [actions.length] },
    ],
    outputs: [
      { name: 'next_state', type: state.dtype, shape: state.shape },
      { name: 'frame', type: 'uint8', shape: [frame.height, frame.width, frame.channels] },
    ],
  };
}

function checkTensors(
  side: 'input' | 'output',
  actual: readonly InferenceSession.ValueMetadata[],
  expected: readonly TensorShape[],
): void {
  const same =
    actual.length === expected.length && expected.every((want) => actual.some((has) => matches(has, want)));
  if (same) return;
  const has = actual.map(describe).join(', ') || 'none';
  const wants = expected
    .map(({ name, type, shape }) => `${name} ${type}[batch,${shape.join(',')}]`)
    .join(', ');
  throw new ModelError(
    'signature-mismatch',
    `The model's ${side}s are ${has}; its manifest and the step contract want ${wants}.`,
  );
}

/** The batch is free; so is any side that the file leaves open, until the trial step shows it. */
function matches(has: InferenceSession.ValueMetadata, want: TensorShape): boolean {
  if (!has.isTensor || has.name !== want.name || has.type !== want.type) return false;
  const [batch, ...shape] = has.shape;
  if (typeof batch === 'number' || shape.length !== want.shape.length) return false;
  return shape.every((side, i) => typeof side === 'string' || side === want.shape[i]);
}

function describe(tensor: InferenceSession.ValueMetadata): string {
  return tensor.isTensor
    ? `${tensor.name} ${tensor.type}[${tensor.shape.join(',')}]`
    : `${tensor.name} (no tensor)`;
}
