import { describe, expect, it } from '@jest/globals';
import { Codec, type FrameFormat } from '@meridian/protocol';
import { refusalOfFormat } from './frame-format.ts';

const OWN: FrameFormat = { codec: Codec.UNSPECIFIED, width: 0, height: 0, quality: 0 };
const asked = (format: Partial<FrameFormat>) =>
  refusalOfFormat({ ...OWN, ...format }, [Codec.JPEG, Codec.WEBP]);

describe('a frame format', () => {
  it.each<[string, Partial<FrameFormat>]>([
    ['leaves everything to the worker', {}],
    ['asks for the smallest', { codec: Codec.JPEG, width: 16, height: 16, quality: 1 }],
    ['asks for the largest', { codec: Codec.WEBP, width: 1024, height: 1024, quality: 100 }],
  ])('%s', (_, format) => expect(asked(format)).toBeUndefined());

  it.each<[string, Partial<FrameFormat>]>([
    ['codec', { codec: Codec.RAW_RGB }],
    ['codec', { codec: Codec.UNRECOGNIZED }],
    ['codec', { codec: 99 as Codec }],
    ['height', { width: 64 }],
    ['width', { height: 64 }],
    ['width', { width: 15, height: 64 }],
    ['height', { width: 64, height: 1025 }],
    ['quality', { quality: 101 }],
  ])('is refused for its %s', (field, format) =>
    expect(asked(format)).toMatchObject({
      status: 'INVALID_ARGUMENT',
      code: 'malformed_format',
      message: expect.stringMatching(new RegExp(`^format\\.${field}: `)),
    }),
  );

  it('says which codecs there are', () =>
    expect(asked({ codec: Codec.RAW_RGB })?.message).toContain('JPEG, WEBP'));
});
