import { describe, expect, it } from '@jest/globals';
import { Codec, PlayRequest } from '@meridian/protocol';
import { FormatSender } from './format-sender.ts';
import { encodeFormat, type FrameFormat } from './frame-format.ts';

const asked = (format: FrameFormat) => PlayRequest.decode(encodeFormat(format)).message?.value;

describe('a format', () => {
  it('leaves to the worker what it does not say', () => {
    expect(asked({})).toEqual({ codec: Codec.UNSPECIFIED, width: 0, height: 0, quality: 0 });
    expect(asked({ codec: 'webp', width: 16, height: 1_024, quality: 100 })).toEqual({
      ...{ codec: Codec.WEBP, width: 16, height: 1_024, quality: 100 },
    });
  });

  it.each<[string, FrameFormat]>([
    ['a width without a height', { width: 128 }],
    ['a size that is too small', { width: 15, height: 16 }],
    ['a size that is too large', { width: 1_024, height: 1_025 }],
    ['a size that is not whole', { width: 128.5, height: 72 }],
    ['quality 0', { quality: 0 }],
    ['quality 101', { quality: 101 }],
    ['no number', { quality: Number.NaN }],
    ['an unknown codec', { codec: 'gif' as 'webp' }],
  ])('is refused with %s', (_what, format) => {
    expect(() => encodeFormat(format)).toThrow(expect.objectContaining({ code: 'invalid_format' }));
  });
});

describe('FormatSender', () => {
  it('tells what a full stream could not take as soon as it can, once', () => {
    const stream = { open: false };
    const told: Uint8Array[] = [];
    const sender = new FormatSender((bytes) => stream.open && told.push(bytes) > 0);
    sender.flush();
    sender.ask({ codec: 'jpeg' });
    sender.ask({ codec: 'webp' });
    expect(told).toEqual([]);
    stream.open = true;
    sender.flush();
    sender.flush();
    expect(told).toEqual([encodeFormat({ codec: 'webp' })]);
    sender.streamOpened();
    expect(told).toHaveLength(2);
  });

  it('has nothing to tell when nothing was asked', () => {
    const sender = new FormatSender(() => {
      throw new Error('nothing is to be written');
    });
    sender.streamOpened();
  });
});
