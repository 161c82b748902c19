// True frames of a place, each with what a state holds behind its frames (a pose, say; nothing for some models).
import type { ModelManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';

/** Where a session may begin, and what it is pulled back to. */
export interface Anchor {
  readonly frame: Uint8Array;
  /** The state behind its frames, as it is for who stands where the frame was seen from. */
  readonly rest: Uint8Array;
}

export interface StateSize {
  readonly bytes: number;
  readonly layout?: readonly { readonly bytes: number }[] | undefined;
}

/** Bytes of the last frames that a state begins with, and of what is behind them. */
export function partsOf({ bytes, layout }: StateSize): { frames: number; rest: number } {
  const frames = layout?.[0]?.bytes ?? bytes;
  return { frames, rest: bytes - frames };
}

/** A file of anchors, in its order: a frame and the rest each. @throws ModelError `bad-manifest` when it holds another number. */
export function readAnchors(
  bytes: Uint8Array,
  path: string,
  count: number,
  { frame, rest }: { readonly frame: number; readonly rest: number },
): Anchor[] {
  const record = frame + rest;
  if (bytes.length !== count * record) {
    throw new ModelError(
      'bad-manifest',
      `${path} has ${bytes.length} bytes; ${count} anchors of ${record} make ${count * record}.`,
    );
  }
  return Array.from({ length: count }, (_, i) => ({
    frame: bytes.subarray(i * record, i * record + frame),
    rest: bytes.subarray(i * record + frame, (i + 1) * record),
  }));
}

/** The states that sessions begin in: those of the manifest, or the first anchors, each standing still. */
export function initialStates(
  { state, initialStates: listed, anchors }: ModelManifest,
  known: readonly Anchor[],
): Uint8Array[] {
  if (listed === undefined) {
    return known.slice(0, anchors?.initial).map((anchor) => standingStill(anchor, state.bytes));
  }
  return listed.map((values) =>
    state.dtype === 'float32' ? new Uint8Array(Float32Array.from(values).buffer) : Uint8Array.from(values),
  );
}

/** The state of a session that has seen nothing but this frame, and stands where it was seen from. */
export function standingStill({ frame, rest }: Anchor, stateBytes: number): Uint8Array {
  const state = new Uint8Array(stateBytes);
  const restAt = stateBytes - rest.length;
  for (let at = 0; at < restAt; at += frame.length) state.set(frame, at);
  state.set(rest, restAt);
  return state;
}
