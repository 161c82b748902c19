import { Codec, type FrameFormat } from '@meridian/protocol';
import { SIDE_MAX } from '../encode/image-format.ts';
import { refusal, type Refusal } from '../refusal.ts';

const SIDE_MIN = 16;
const QUALITY_MAX = 100;

/** Why frames cannot be made as asked, naming the field; undefined when they can. Fields at 0 are the worker's choice. */
export function refusalOfFormat(format: FrameFormat, codecs: readonly Codec[]): Refusal | undefined {
  const { codec, width, height, quality } = format;
  if (codec !== Codec.UNSPECIFIED && !codecs.includes(codec)) {
    return malformed('codec', `The worker makes ${codecs.map((known) => Codec[known]).join(', ')}.`);
  }
  if ((width === 0) !== (height === 0)) {
    return malformed(width === 0 ? 'width' : 'height', 'Set both width and height, or neither.');
  }
  const side = (['width', 'height'] as const).find((name) => format[name] !== 0 && !isSide(format[name]));
  if (side !== undefined) return malformed(side, `It is ${SIDE_MIN} to ${SIDE_MAX} pixels.`);
  return quality > QUALITY_MAX ? malformed('quality', `It is 1 to ${QUALITY_MAX}.`) : undefined;
}

function isSide(pixels: number): boolean {
  return pixels >= SIDE_MIN && pixels <= SIDE_MAX;
}

function malformed(field: keyof FrameFormat, rule: string): Refusal {
  return refusal('INVALID_ARGUMENT', 'malformed_format', `format.${field}: ${rule}`);
}
