import { Codec, PlayRequest, type Action, type Checkpoint, type FrameFormat } from '@meridian/protocol';
import type { Break } from './breaks.ts';
import { StubRefusal } from './stub-refusal.ts';
import { isNumbers, STATE_BYTES, STUB_MODEL } from './stub-world.ts';

const NAMES_MAX = 32;
const TEXT_BYTES_MAX = 4_096;

export type StubRequest = PlayRequest & { readonly message: NonNullable<PlayRequest['message']> };

/** Everything here throws the refusal that the contract wants. */
export function decodeRequest(bytes: Uint8Array): StubRequest {
  const malformed = new StubRefusal('INVALID_ARGUMENT', 'malformed_message');
  let request: PlayRequest;
  try {
    request = PlayRequest.decode(bytes);
  } catch {
    throw malformed;
  }
  const { message } = request;
  if (message === undefined) throw malformed;
  return { ...request, message };
}

export function checkAction({ axes, buttons, text }: Action, broken: Break | undefined): void {
  const refuse = (field: string) => {
    throw new StubRefusal('INVALID_ARGUMENT', 'malformed_action', `${field}: It is out of range.`);
  };
  const takesNaN = broken === 'takes-nan-actions';
  const isOff = (value: number) => (Number.isNaN(value) ? !takesNaN : Math.abs(value) > 1);
  const off = Object.keys(axes).find((name) => isOff(axes[name] ?? 0));
  if (off !== undefined) refuse(`axes.${off}`);
  if (Object.keys(axes).length > NAMES_MAX) refuse('axes');
  if (buttons.length > NAMES_MAX || buttons.some((name) => name.length > NAMES_MAX)) refuse('buttons');
  if (text.length > TEXT_BYTES_MAX) refuse('text');
}

export function checkFormat({ codec, width, height, quality }: FrameFormat, broken: Break | undefined): void {
  if (broken === 'takes-any-format') return;
  const isSize = (pixels: number) => pixels >= 16 && pixels <= 1_024;
  const sized = (width === 0 && height === 0) || (isSize(width) && isSize(height));
  const known = [Codec.UNSPECIFIED, Codec.JPEG, Codec.RAW_RGB].includes(codec);
  if (!sized || !known || quality > 100) throw new StubRefusal('INVALID_ARGUMENT', 'malformed_format');
}

export function checkCheckpoint(checkpoint: Checkpoint, broken: Break | undefined): void {
  const { model, modelVersion, state } = checkpoint;
  const { model: served, modelVersion: servedVersion } = STUB_MODEL;
  const isOurs = (model === served && modelVersion === servedVersion) || broken === 'takes-other-checkpoints';
  if (!isOurs || state.length !== STATE_BYTES)
    throw new StubRefusal('FAILED_PRECONDITION', 'checkpoint_mismatch');
  if (!isNumbers(state) && broken !== 'takes-nan-states') {
    throw new StubRefusal('FAILED_PRECONDITION', 'checkpoint_invalid');
  }
}
