import { Codec, type FrameFormat } from '@meridian/protocol';
import sharp from 'sharp';
import type { SeenFrame } from '../client/play-stream.ts';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';
import { expectRecovery } from './bad-input.ts';

const SIZE = { width: 96, height: 64 };
const NAMES: Readonly<Record<number, string>> = { [Codec.JPEG]: 'jpeg', [Codec.WEBP]: 'webp' };

export const formatCases: readonly Case[] = [
  {
    id: 'formats.codecs',
    proves:
      'Every codec that Describe lists comes on demand, and is what the frame says: size, codec and whole.',
    sentence: CONTRACT.format,
    run: async (lab) => {
      const stream = await lab.playing();
      await expectPicture(lab, stream.frames.at(-1), {});
      for (const codec of lab.describe.codecs) {
        await expectPicture(lab, await framed(lab, stream, { codec }), {});
        await expectPicture(lab, await framed(lab, stream, { codec, ...SIZE }), SIZE);
      }
    },
  },
  {
    id: 'formats.quality',
    proves: 'A lower quality makes smaller images: it is how a narrow line is served.',
    sentence: CONTRACT.format,
    run: async (lab) => {
      const stream = await lab.playing();
      const size = { width: lab.describe.frameWidth - 1, height: lab.describe.frameHeight };
      const fine = await framed(lab, stream, { codec: Codec.JPEG, quality: 95 });
      // Another size marks the first frame of the new quality.
      const coarse = await framed(lab, stream, { codec: Codec.JPEG, quality: 5, ...size });
      const [fineBytes, coarseBytes] = [fine.image.length, coarse.image.length];
      expect(coarseBytes < fineBytes, `fewer than ${fineBytes} bytes at quality 5`, coarseBytes);
    },
  },
  {
    id: 'formats.kept',
    proves: 'A session keeps its format when its client comes back.',
    sentence: CONTRACT.format,
    run: async (lab) => {
      const stream = await lab.playing();
      await framed(lab, stream, { codec: Codec.JPEG, ...SIZE });
      stream.call.cancel();
      const back = await lab.playing({ sessionId: stream.sessionId });
      await expectPicture(lab, back.frames[0], SIZE);
    },
  },
  {
    id: 'formats.refused',
    proves: 'An unknown codec, size or quality is refused, and the session held: nobody is left guessing.',
    sentence: CONTRACT.formatChoice,
    run: async (lab) => {
      const unlisted = [Codec.WEBP, Codec.RAW_RGB].filter((codec) => !lab.describe.codecs.includes(codec));
      const wrong: readonly Partial<FrameFormat>[] = [
        { codec: 99 as Codec },
        { width: 15, height: 64 },
        { width: 64, height: 1_025 },
        { width: 64 },
        { quality: 101 },
        ...unlisted.map((codec) => ({ codec })),
      ];
      for (const format of wrong) {
        const ask = (stream: SessionStream) => stream.format(format);
        await expectRecovery(
          lab,
          `the format ${JSON.stringify(format)}`,
          'INVALID_ARGUMENT malformed_format',
          ask,
        );
      }
    },
  },
];

/** Asks for a format, and answers the first frame that has it. */
async function framed(lab: Lab, stream: SessionStream, format: Partial<FrameFormat>): Promise<SeenFrame> {
  const { codec, width = lab.describe.frameWidth, height = lab.describe.frameHeight } = format;
  const before = stream.frames.length;
  stream.format(format);
  const has = (frame: SeenFrame) => frame.codec === codec && frame.width === width && frame.height === height;
  const find = () => stream.frames.slice(before).find(has);
  await stream.until(() => find() !== undefined, lab.timeFor(10), `a frame as ${JSON.stringify(format)}`);
  return find() as SeenFrame;
}

async function expectPicture(
  { describe }: Lab,
  frame: SeenFrame | undefined,
  { width = describe.frameWidth, height = describe.frameHeight }: Partial<FrameFormat>,
): Promise<void> {
  if (frame === undefined) return;
  const { codec, image } = frame;
  expectSame('width of the frame', width, frame.width);
  expectSame('height of the frame', height, frame.height);
  if (codec === Codec.RAW_RGB) return expectSame('bytes of raw RGB', 3 * width * height, image.length);
  const picture = sharp(image);
  const { format, ...size } = await picture.metadata();
  expectSame('format of the image', NAMES[codec], format);
  expectSame('width of the image', width, size.width);
  expectSame('height of the image', height, size.height);
  // Decoded to its end: a cut one fails here.
  await picture.raw().toBuffer();
}
