import { describe, expect, it } from '@jest/globals';
import { Codec, type FrameFormat } from '@meridian/protocol';
import sharp from 'sharp';
import { frameEncoder } from './frame-encoder.ts';
import { sessionBytesMax } from './session-bytes.ts';

const NATIVE = { width: 128, height: 72 };
const encoder = frameEncoder(NATIVE, 2);

/** Red grows to the right and green downwards, so that a turned or mirrored picture is told from a right one. */
const slope = Uint8Array.from({ length: NATIVE.width * NATIVE.height * 3 }, (_, i) => {
  const [x, y] = [Math.floor(i / 3) % NATIVE.width, Math.floor(i / 3 / NATIVE.width)];
  return [2 * x, 3 * y, 128][i % 3] ?? 0;
});

const asked = (format: Partial<FrameFormat>): FrameFormat => ({
  codec: Codec.UNSPECIFIED,
  width: 0,
  height: 0,
  quality: 0,
  ...format,
});

async function decoded(bytes: Uint8Array): Promise<Uint8Array> {
  return sharp(bytes).removeAlpha().raw().toBuffer();
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? NaN)), 0) / a.length;
}

describe('a frame as the worker chooses', () => {
  it('is JPEG of its own size, close to what the model made', async () => {
    const { bytes, ...image } = await encoder.encode(slope, undefined);
    expect(image).toEqual({ codec: Codec.JPEG, ...NATIVE });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', ...NATIVE });
    expect(meanDifference(await decoded(bytes), slope)).toBeLessThan(3);
  });

  it('is the same to the bit every time, alone and among others', async () => {
    const [first, ...rest] = await Promise.all(
      Array.from({ length: 8 }, () => encoder.encode(slope, undefined)),
    );
    for (const again of rest) expect(again).toEqual(first);
  });

  it('may begin anywhere in its memory', async () => {
    const within = new Uint8Array(slope.length + 100);
    within.set(slope, 50);
    const { bytes } = await encoder.encode(within.subarray(50, 50 + slope.length), undefined);
    expect(bytes).toEqual((await encoder.encode(slope, undefined)).bytes);
  });
});

describe('a frame as a client asked for it', () => {
  const FORMATS: readonly [string, Partial<FrameFormat>, number][] = [
    ['jpeg', { codec: Codec.JPEG, quality: 50 }, 5],
    ['jpeg', { width: 512, height: 288 }, 4],
    ['jpeg', { width: 16, height: 1_024, quality: 95 }, 8],
    ['webp', { codec: Codec.WEBP }, 4],
    ['webp', { codec: Codec.WEBP, width: 64, height: 36, quality: 30 }, 8],
  ];
  it.each(FORMATS)('%s %j', async (name, format, differenceMax) => {
    const image = await encoder.encode(slope, asked(format));
    const { width = NATIVE.width, height = NATIVE.height } = format;
    expect(image).toMatchObject({ codec: format.codec ?? Codec.JPEG, width, height });
    expect(await sharp(image.bytes).metadata()).toMatchObject({ format: name, width, height });
    const back = await sharp(image.bytes).resize(128, 72, { fit: 'fill' }).removeAlpha().raw().toBuffer();
    expect(meanDifference(back, slope)).toBeLessThan(differenceMax);
  });

  it('raw of its own size is what the model made, uncopied', async () => {
    const image = await encoder.encode(slope, asked({ codec: Codec.RAW_RGB }));
    expect(image.bytes).toBe(slope);
  });

  it('raw of another size has three bytes a pixel', async () => {
    const image = await encoder.encode(slope, asked({ codec: Codec.RAW_RGB, width: 30, height: 20 }));
    expect(image).toMatchObject({ codec: Codec.RAW_RGB, width: 30, height: 20 });
    expect(image.bytes).toHaveLength(30 * 20 * 3);
  });

  it('WebP of quality 100 loses nothing, and 99 does', async () => {
    const webp = async (quality: number) =>
      decoded((await encoder.encode(slope, asked({ codec: Codec.WEBP, quality }))).bytes);
    expect(meanDifference(await webp(100), slope)).toBe(0);
    expect(meanDifference(await webp(99), slope)).toBeGreaterThan(0);
  });

  it('has more bytes for more quality', async () => {
    for (const codec of [Codec.JPEG, Codec.WEBP]) {
      const [low, high] = await Promise.all(
        [20, 90].map((quality) => encoder.encode(slope, asked({ codec, quality }))),
      );
      expect(high?.bytes.length).toBeGreaterThan(low?.bytes.length ?? NaN);
    }
  });
});

it('makes no more of the worst picture than a session is said to need', async () => {
  const noisy = { width: 512, height: 512 };
  let seed = 1;
  const noise = Uint8Array.from({ length: 512 * 512 * 3 }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed >> 16;
  });
  const session = sessionBytesMax({ frame: { ...noisy, channels: 3 }, stateBytes: 0 });
  const imageMax = (session - 2 * noise.length - 512 * 1024) / 3;
  for (const codec of [Codec.JPEG, Codec.WEBP, Codec.RAW_RGB]) {
    const { bytes } = await frameEncoder(noisy).encode(noise, asked({ codec, quality: 100 }));
    // The bound is for 1024 x 1024, four times as many pixels.
    expect(bytes.length).toBeLessThan(imageMax / 4 + 16 * 1024);
  }
});

it('lets nobody wait for those who ask for large images', async () => {
  const large = asked({ codec: Codec.WEBP, width: 1_024, height: 1_024, quality: 100 });
  let done = 0;
  const heavy = Array.from({ length: 6 }, () =>
    encoder.encode(slope, large).then(() => {
      done += 1;
    }),
  );
  for (let i = 0; i < 10; i += 1) await encoder.encode(slope, undefined);
  expect(done).toBeLessThan(6);
  await Promise.all(heavy);
});
