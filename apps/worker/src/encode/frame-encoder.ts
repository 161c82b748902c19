// E1. Images are made on threads of libuv, never on the event loop. A session has at most one under way (outbox.ts), so
//     what waits here is bounded by the sessions.
// E2. JPEG at the model's own size, which is what nearly everyone asks for, goes to libjpeg-turbo directly: a 128x72
//     frame costs it 0.1 ms of CPU with the way there and back, and sharp 0.6 to 0.9, nearly all of it sharp's setting up.
// E3. Everything else goes through sharp, and may take a thread for tenths of a second. It never takes the last one:
//     who asks for large images waits for others who do, and holds up nobody else.
import jpegTurbo from '@julusian/jpeg-turbo';
import { Codec, type FrameFormat } from '@meridian/protocol';
import sharp from 'sharp';
import { imageFormat, LOSSLESS, type ImageFormat, type Size } from './image-format.ts';
import { Lane } from './lane.ts';

export interface EncodedImage {
  readonly codec: Codec;
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** RGB as the model made it to an image as a client asked for it; undefined: as the worker chooses. */
export interface FrameEncoder {
  readonly codecs: readonly Codec[];
  encode(rgb: Uint8Array, asked: FrameFormat | undefined): Promise<EncodedImage>;
}

const CODECS = [Codec.JPEG, Codec.WEBP, Codec.RAW_RGB] as const;
/** Of libuv, when the environment says nothing. */
const THREADS = 4;
/** Of libwebp, 0 to 6: 0 makes lossless images 20 % larger than 4 does, in a sixth of the time. */
const WEBP_EFFORT = 0;

// One image a thread: each is too small to be worth sharing out. No two are alike, so nothing is worth keeping.
sharp.concurrency(1);
sharp.cache(false);

/** @param threads that libuv has for the process. */
export function frameEncoder(native: Size, threads = threadsOf(process.env)): FrameEncoder {
  const throughSharp = new Lane(Math.max(1, threads - 1));
  const bytesOf = (rgb: Uint8Array, format: ImageFormat): Promise<Uint8Array> => {
    const scaled = format.width !== native.width || format.height !== native.height;
    if (!scaled && format.codec === Codec.RAW_RGB) return Promise.resolve(rgb);
    if (!scaled && format.codec === Codec.JPEG) return jpeg(rgb, format);
    return throughSharp.run(() => withSharp(rgb, native, format));
  };
  return {
    codecs: CODECS,
    encode: async (rgb, asked) => {
      const format = imageFormat(asked, native);
      const { codec, width, height } = format;
      return { codec, width, height, bytes: await bytesOf(rgb, format) };
    },
  };
}

function jpeg(rgb: Uint8Array, { width, height, quality }: ImageFormat): Promise<Uint8Array> {
  const { FORMAT_RGB: format, SAMP_420: subsampling } = jpegTurbo;
  const raw = Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength);
  return jpegTurbo.compress(raw, { format, width, height, subsampling, quality });
}

function withSharp(rgb: Uint8Array, native: Size, { codec, width, height, quality }: ImageFormat) {
  const image = sharp(rgb, { raw: { width: native.width, height: native.height, channels: 3 } });
  // Linear: nearest shows the pixels, and cubic takes twice as long for what a browser does by itself.
  image.resize(width, height, { fit: 'fill', kernel: 'linear' });
  if (codec === Codec.JPEG) return image.jpeg({ quality }).toBuffer();
  if (codec === Codec.RAW_RGB) return image.raw().toBuffer();
  return image.webp({ quality, lossless: quality === LOSSLESS, effort: WEBP_EFFORT }).toBuffer();
}

function threadsOf(env: NodeJS.ProcessEnv): number {
  return Number(env['UV_THREADPOOL_SIZE']) || THREADS;
}
