import { Codec, type FrameFormat } from '@meridian/protocol';

/** What an image is to be, with nothing left open. Pixels; quality 1 to 100. */
export interface ImageFormat {
  readonly codec: Codec;
  readonly width: number;
  readonly height: number;
  readonly quality: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A client may ask for sides up to this; it is also what memory is reckoned with. */
export const SIDE_MAX = 1_024;
/** WebP of this quality is lossless. */
export const LOSSLESS = 100;
const QUALITY = 85;

/** A valid request with the worker's own choice in every field that it leaves at 0. */
export function imageFormat(asked: FrameFormat | undefined, native: Size): ImageFormat {
  return {
    codec: asked?.codec || Codec.JPEG,
    width: asked?.width || native.width,
    height: asked?.height || native.height,
    quality: asked?.quality || QUALITY,
  };
}
