import type { ModelDescription } from './world-model.ts';

/**
 * Why a model cannot use a state that came from elsewhere, as a sentence; undefined when it can. Cheap enough for an event
 * loop (25 us for 100 kB), so that a bad state is refused before a step runs into it.
 */
export function stateFault(
  { stateBytes, stateType }: Pick<ModelDescription, 'stateBytes' | 'stateType'>,
  state: Uint8Array,
): string | undefined {
  if (state.length !== stateBytes) return `The state has ${state.length} bytes, not ${stateBytes}.`;
  if (stateType !== 'float32') return undefined;
  const at = new Float32Array(new Uint8Array(state).buffer).findIndex((value) => !Number.isFinite(value));
  return at < 0 ? undefined : `Value ${at} of the state is not a finite number.`;
}
