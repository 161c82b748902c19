import { Codec, PlayRequest } from '@meridian/protocol';
import { MeridianError } from './errors.ts';
import type { FrameCodec } from './frame.ts';

/** How frames are to be encoded. What is left out is the worker's own choice: JPEG, the model's size, quality 85. */
export interface FrameFormat {
  readonly codec?: Exclude<FrameCodec, 'unknown'>;
  /** Pixels, 16 to 1,024; goes with `height`. Frames are scaled, never cropped. */
  readonly width?: number;
  readonly height?: number;
  /** 1 to 100; 100 is lossless for WebP. Raw frames have none. */
  readonly quality?: number;
}

const CODECS: Readonly<Record<NonNullable<FrameFormat['codec']>, Codec>> = {
  jpeg: Codec.JPEG,
  webp: Codec.WEBP,
  'raw-rgb': Codec.RAW_RGB,
};

/** The PlayRequest that asks for it. Throws MeridianError `invalid_format`. */
export function encodeFormat({ codec, width, height, quality }: FrameFormat): Uint8Array {
  if ((width === undefined) !== (height === undefined))
    throw invalid('Set both width and height, or neither.');
  const value = {
    codec: codec === undefined ? Codec.UNSPECIFIED : CODECS[codec],
    width: inRange('width', width, 16, 1_024),
    height: inRange('height', height, 16, 1_024),
    quality: inRange('quality', quality, 1, 100),
  };
  if (value.codec === undefined) throw invalid(`There is no codec "${String(codec)}".`);
  return PlayRequest.encode({
    device: 0,
    gatewayReceivedUs: 0,
    message: { $case: 'format', value },
  }).finish();
}

/** 0 stands for what is left out. */
function inRange(name: string, value: number | undefined, least: number, most: number): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`The ${name} of a format is a whole number from ${least} to ${most}.`);
}

function invalid(detail: string): MeridianError {
  return new MeridianError('invalid_format', detail);
}
