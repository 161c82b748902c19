import type { Checkpoint } from '@meridian/protocol';
import { refusal, type Refusal } from '../refusal.ts';
import type { SteppingModel } from './ports.ts';

/** Why the model cannot go on from a checkpoint; undefined when it can. */
export function refusalOfCheckpoint(checkpoint: Checkpoint, model: SteppingModel): Refusal | undefined {
  const served = model.description;
  const { model: name, modelVersion, state } = checkpoint;
  if (name !== served.model || modelVersion !== served.version || state.length !== served.stateBytes) {
    return refusal(
      'FAILED_PRECONDITION',
      'checkpoint_mismatch',
      `The checkpoint is of ${name} ${modelVersion} with ${state.length} bytes of state; the worker serves ` +
        `${served.model} ${served.version} with ${served.stateBytes}.`,
    );
  }
  const fault = model.stateFault(state);
  return fault === undefined
    ? undefined
    : refusal('FAILED_PRECONDITION', 'checkpoint_invalid', `checkpoint.state: ${fault}`);
}
