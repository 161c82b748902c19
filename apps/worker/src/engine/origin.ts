// Where a session goes on from when it is first served at an epoch. Pure.
import { NoticeKind, type Action, type FrameFormat } from '@meridian/protocol';
import { readAction } from '@meridian/world-model';
import { Devices, OWNER } from './devices.ts';
import { drawOf } from './draw.ts';
import type { ActionInForce, AttachRequest, SteppingModel } from './ports.ts';
import type { Session } from './session.ts';
import type { WorldCopy } from './world-copies.ts';

export interface Origin {
  readonly state: Uint8Array;
  /** Of the last frame stepped; 0 for none. */
  readonly frameNumber: number;
  readonly action: ActionInForce;
  /** What was seen of whose actions. */
  readonly devices: Devices;
  readonly format: FrameFormat | undefined;
  /** What the client is told. */
  readonly notice: NoticeKind.STARTED | NoticeKind.MIGRATED;
}

/**
 * The session itself at its lower epoch comes first, as it is the newest; then a checkpoint from elsewhere; then a copy
 * that was set aside for it; else a new world. Frames are numbered on from there, and from what the gateway has relayed.
 */
export function originOf(
  request: AttachRequest,
  before: Session | undefined,
  copy: WorldCopy | undefined,
  model: SteppingModel,
): Origin {
  const { checkpoint, nextFrameNumber = 1 } = request;
  const inputs = model.description.actions;
  const stepped = (number: number): number => Math.max(number, nextFrameNumber - 1);
  if (before !== undefined) {
    const { state, frameNumber, action, devices, format } = before;
    return { state, frameNumber: stepped(frameNumber), action, devices, format, notice: NoticeKind.MIGRATED };
  }
  if (checkpoint !== undefined) {
    const newest = { device: checkpoint.actionDevice, seq: checkpoint.lastActionSeq };
    return {
      state: new Uint8Array(checkpoint.state),
      frameNumber: stepped(checkpoint.frameNumber),
      action: actionInForce(checkpoint.action, newest, inputs),
      devices: new Devices([...checkpoint.deviceSeqs, newest]),
      format: checkpoint.format,
      notice: NoticeKind.MIGRATED,
    };
  }
  const { state, frameNumber, action } = copy ?? newWorld(request, model);
  return {
    state,
    frameNumber: stepped(frameNumber),
    action: actionInForce(action, { device: OWNER, seq: 0 }, inputs),
    devices: new Devices(),
    format: undefined,
    notice: NoticeKind.STARTED,
  };
}

/** The action as a model's inputs; one that cannot be read, as none, stands still. */
export function actionInForce(
  message: Action | undefined,
  { device, seq }: Pick<ActionInForce, 'device' | 'seq'>,
  inputs: readonly string[],
): ActionInForce {
  const reading = message && readAction(message, inputs);
  const values = reading?.kind === 'values' ? reading.values : new Float32Array(inputs.length);
  return { device, seq, message, values, receivedUs: 0, gatewayUs: 0 };
}

function newWorld({ grant }: AttachRequest, model: SteppingModel): WorldCopy {
  return { state: model.initialState(drawOf(grant.sessionId)), frameNumber: 0, action: undefined };
}
