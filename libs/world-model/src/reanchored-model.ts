// A model whose sessions are pulled back when they drift (reanchor.ts). Outside it looks like any other: its states are
// the model's own with the policy's memory behind, so that whoever keeps or restores a state keeps and restores both.
import { ModelError } from './model-error.ts';
import type { PullMemory, Reanchor } from './reanchor.ts';
import type { ModelDescription, StepResult, WorldModel } from './world-model.ts';

/** Four unsigned numbers of 16 bits, the low byte first: low, wait, fade, anchor. */
const MEMORY_BYTES = 8;
const NOTHING: PullMemory = { low: 0, wait: 0, fade: 0, anchor: 0 };

export class ReanchoredModel implements WorldModel {
  readonly description: ModelDescription;
  readonly #model: WorldModel;
  readonly #policy: Reanchor;

  constructor(model: WorldModel, policy: Reanchor) {
    this.#model = model;
    this.#policy = policy;
    const { description } = model;
    this.description = { ...description, stateBytes: description.stateBytes + MEMORY_BYTES };
  }

  initialState(draw: number): Uint8Array {
    return joined(this.#model.initialState(draw), NOTHING);
  }

  async step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult> {
    const before = states.map((state) => this.#memoryOf(state));
    const worlds = states.map((state) => state.subarray(0, -MEMORY_BYTES));
    const made = await this.#model.step(worlds, actions);
    const after = zip(actions, made).map((step, i) => this.#policy.after(...step, before[i] ?? NOTHING));
    return {
      states: after.map(({ state, memory }) => joined(state, memory)),
      frames: after.map(({ frame }) => frame),
      reanchors: after.filter(({ memory }, i) => memory.fade === 1 && before[i]?.fade === 0).length,
    };
  }

  close(): Promise<void> {
    return this.#model.close();
  }

  /** One that the policy cannot have left is none: the session goes on as if nothing were amiss so far. */
  #memoryOf(state: Uint8Array): PullMemory {
    const { stateBytes } = this.description;
    if (state.length !== stateBytes) {
      throw new ModelError('bad-state', `A state has ${state.length} bytes, not ${stateBytes}.`);
    }
    const numbers = new DataView(state.buffer, state.byteOffset + stateBytes - MEMORY_BYTES, MEMORY_BYTES);
    const at = (offset: number): number => numbers.getUint16(offset, true);
    const memory = { low: at(0), wait: at(2), fade: at(4), anchor: at(6) };
    return this.#policy.knows(memory) ? memory : NOTHING;
  }
}

/** Action, state and frame of each session of a batch. */
function zip(actions: readonly Float32Array[], { states, frames }: StepResult) {
  const none = new Uint8Array(0);
  return actions.map((action, i) => [action, states[i] ?? none, frames[i] ?? none] as const);
}

function joined(state: Uint8Array, { low, wait, fade, anchor }: PullMemory): Uint8Array {
  const whole = new Uint8Array(state.length + MEMORY_BYTES);
  whole.set(state);
  const numbers = new DataView(whole.buffer, state.length);
  [low, wait, fade, anchor].forEach((value, i) => numbers.setUint16(2 * i, value, true));
  return whole;
}
