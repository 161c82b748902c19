import type { Checkpoint } from '@meridian/protocol';
import { refusal, type Refusal } from '../refusal.ts';
import type { ModelDescription } from '@meridian/world-model';
import type { SteppingModel } from './ports.ts';
import type { Session } from './session.ts';

/** What gRPC takes of a message by default, less what comes with the state: an action, a format, numbers. */
const STATE_BYTES_MAX = 4 * 1_024 * 1_024 - 4 * 1_024;

/** Whether a session's state fits into a checkpoint. */
export const fitsCheckpoint = ({ stateBytes }: Pick<ModelDescription, 'stateBytes'>): boolean =>
  stateBytes <= STATE_BYTES_MAX;

/** The session as of its newest frame, for a stream; undefined where the state is too large. */
export function checkpointOf(session: Session, description: ModelDescription): Checkpoint | undefined {
  const { model, version } = description;
  return fitsCheckpoint(description) ? session.checkpoint(model, version) : undefined;
}

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
