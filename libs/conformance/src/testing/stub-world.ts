// A world that needs no model: four floats that the inputs move, and a picture that is a hash of them.
import type { Action } from '@meridian/protocol';

export const STUB_MODEL = {
  model: 'stub',
  modelVersion: '1.0.0',
  actions: ['forward', 'strafe', 'yaw'],
} as const;
export const STUB_FRAME = { width: 32, height: 18 } as const;
export const STATE_BYTES = 16;

export const beginning = (): Uint8Array => new Uint8Array(Float32Array.of(0, 1, 1, 1).buffer);

/** Steps counted and inputs summed up, each within [1, 1000). */
export function stepped(state: Uint8Array, action: Action | undefined): Uint8Array {
  const values = floatsOf(state);
  const inputs = STUB_MODEL.actions.map((name) => action?.axes[name] ?? 0);
  const next = values.map((value, i) =>
    i === 0 ? value + 1 : 1 + ((value + 1 + (inputs[i - 1] ?? 0)) % 999),
  );
  return new Uint8Array(Float32Array.from(next).buffer);
}

export const isNumbers = (state: Uint8Array): boolean => floatsOf(state).every(Number.isFinite);

/** RGB of the world's size, each byte a mix (xorshift) of the state. */
export function pictureOf(state: Uint8Array, salt: number): Uint8Array {
  let seed = state.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 ^ salt) | 1;
  return Uint8Array.from({ length: 3 * STUB_FRAME.width * STUB_FRAME.height }, () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed & 0xff;
  });
}

function floatsOf(state: Uint8Array): number[] {
  const view = new DataView(state.buffer, state.byteOffset, state.length);
  return Array.from({ length: state.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
