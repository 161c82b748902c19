import type { ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';

/** The frames of a file of anchors, in its order. @throws ModelError `bad-manifest` when it holds another number. */
export function readAnchors(
  bytes: Uint8Array,
  path: string,
  count: number,
  frameBytes: number,
): Uint8Array[] {
  if (bytes.length !== count * frameBytes) {
    throw new ModelError(
      'bad-manifest',
      `${path} has ${bytes.length} bytes; ${count} frames of ${frameBytes} make ${count * frameBytes}.`,
    );
  }
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * frameBytes, (i + 1) * frameBytes));
}

/** The states that sessions begin in: those of the manifest, or the first anchors, each standing still. */
export function initialStates(
  { state, initialStates: listed, anchors }: ModelManifest,
  frames: readonly Uint8Array[],
): Uint8Array[] {
  if (listed === undefined) {
    return frames.slice(0, anchors?.initial).map((frame) => standingStill(frame, state.bytes));
  }
  return listed.map((values) =>
    state.dtype === 'float32' ? new Uint8Array(Float32Array.from(values).buffer) : Uint8Array.from(values),
  );
}

/** The state of a session that has seen nothing but this frame. */
export function standingStill(frame: Uint8Array, stateBytes: number): Uint8Array {
  const state = new Uint8Array(stateBytes);
  for (let at = 0; at < stateBytes; at += frame.length) state.set(frame, at);
  return state;
}
