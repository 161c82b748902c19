import type { StepResult } from '@meridian/world-model';
import type { SteppingModel } from '../engine/ports.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A state is four bytes: steps made so far, then the newest action's forward input in hundredths. */
const STATE_BYTES = 4;

/** A model in virtual time: each step takes `stepMs`, whatever the batch. Its frame is a copy of the new state. */
export class FakeModel implements SteppingModel {
  readonly description = {
    model: 'fake',
    version: '1.0.0',
    frame: { width: 2, height: 1, channels: 3 },
    framesPerSecond: 25,
    actions: ['forward', 'strafe', 'yaw', 'sprint'],
    stateBytes: STATE_BYTES,
    rebuildMs: 0,
    stateType: 'uint8',
  } as const;
  readonly batches: number[] = [];
  usable = true;
  stepMs = 2;
  /** Makes the step of a batch fail after its time, as a model that throws or a host that gives up. */
  fails: (states: readonly Uint8Array[]) => boolean = () => false;
  /** Said of the next step. */
  reanchors = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  initialState(draw: number): Uint8Array {
    return Uint8Array.of(0, 0, 0, Math.floor(draw * 256));
  }

  /** A world whose fourth byte is 255 is none. */
  stateFault(state: Uint8Array): string | undefined {
    return state[3] === 255 ? 'The last byte is 255.' : undefined;
  }

  step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult> {
    this.batches.push(states.length);
    const failing = this.fails(states);
    const next = states.map((state, i) => stepped(state, actions[i]?.[0] ?? 0));
    return new Promise((resolve, reject) => {
      this.#clock.at(this.#clock.nowUs() + this.stepMs * 1_000, () => {
        if (failing) reject(new Error('the fake model failed'));
        else resolve({ states: next, frames: next, reanchors: this.reanchors });
      });
    });
  }
}

function stepped(state: Uint8Array, forward: number): Uint8Array {
  const steps = (state[0] ?? 0) + 256 * (state[1] ?? 0) + 1;
  return Uint8Array.of(steps % 256, Math.floor(steps / 256), Math.round(100 * forward), state[3] ?? 0);
}
