import { Codec } from '@meridian/protocol';
import { setTimeout as delay } from 'node:timers/promises';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, NotTried } from '../suite/expect.ts';
import { IN_FLIGHT_MAX } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';

/** As a gateway says it: at most every 250 ms, cumulative. */
const EVERY_MS = 250;
const DROPS = 10;
const PRESSED_MS_MAX = 8_000;
/** Two steps of 3 s at most: back to every frame, and from there to larger images. */
const CALM_MS = 2 * 3_000;
const PATIENCE_MS = 3_000;
/** Frames that are looked at together. */
const FEW = 6;
/** JPEG of quality 60 has about 0.6 of the bytes of quality 85. */
const SMALLER = 0.9;

export const feedbackCases: readonly Case[] = [
  {
    id: 'feedback.slows',
    proves: 'To a client that cannot keep up smaller images go, then fewer; when it can they come back.',
    sentence: CONTRACT.slowed,
    run: async (lab) => {
      const stream = await lab.playing();
      await lab.more(stream, 2 * FEW);
      const usual = meanBytes(stream);
      const dropped = await press(stream, 0, () => meanBytes(stream) < SMALLER * usual, 'smaller images');
      expect(!isThinned(stream), 'all frames while images shrink', lastNumbers(stream));
      await press(stream, dropped, () => isThinned(stream), 'fewer frames');
      const least = meanBytes(stream);
      await comesBack(stream, () => isWhole(stream), 'every frame');
      await comesBack(stream, () => meanBytes(stream) > (least + usual) / 2, 'larger images');
      const report = await lab.end(stream);
      const off = (report?.frames ?? 0) - stream.frames.length;
      const isRight = off >= 0 && off <= IN_FLIGHT_MAX;
      expect(isRight, `${stream.frames.length} frames counted, as sent`, report?.frames, CONTRACT.notSent);
    },
  },
  {
    id: 'feedback.as-asked',
    proves:
      'A quality that the client named is not lowered, and raw frames all come: who asks so wants it so.',
    sentence: CONTRACT.slowedAsAsked,
    run: async (lab) => {
      const stream = await lab.playing();
      if (!lab.describe.codecs.includes(Codec.JPEG)) throw new NotTried('Describe lists no JPEG');
      stream.format({ codec: Codec.JPEG, quality: 90 });
      await lab.more(stream, 3 * FEW);
      const usual = meanBytes(stream);
      const dropped = await press(stream, 0, () => isThinned(stream), 'fewer frames');
      const bytes = meanBytes(stream);
      expect(bytes > SMALLER * usual, `images of about ${Math.round(usual)} bytes`, Math.round(bytes));
      if (!lab.describe.codecs.includes(Codec.RAW_RGB)) return;
      stream.format({ codec: Codec.RAW_RGB });
      const isRaw = () => stream.frames.at(-1)?.codec === Codec.RAW_RGB;
      await stream.until(isRaw, lab.timeFor(10), 'a raw frame');
      await press(stream, dropped, () => isWhole(stream), 'every raw frame');
    },
  },
];

const last = ({ frames }: SessionStream) => frames.slice(-FEW);
const lastNumbers = (stream: SessionStream): string =>
  last(stream)
    .map(({ number }) => number)
    .join(' ');
const steps = (stream: SessionStream): number[] => {
  const numbers = last(stream).map(({ number }) => number);
  return numbers.slice(1).map((number, i) => number - (numbers[i] ?? 0));
};
const isThinned = (stream: SessionStream): boolean => steps(stream).every((step) => step >= 2);
/** A busy machine may drop one. */
const isWhole = (stream: SessionStream): boolean => steps(stream).filter((step) => step > 1).length <= 1;
const meanBytes = (stream: SessionStream): number =>
  last(stream).reduce((sum, { image }) => sum + image.length, 0) / FEW;

/** Says that ever more frames were dropped until it shows. Answers how many were said. */
async function press(
  stream: SessionStream,
  before: number,
  shows: () => boolean,
  what: string,
): Promise<number> {
  const untilMs = performance.now() + PRESSED_MS_MAX;
  let dropped = before;
  do {
    dropped += DROPS;
    stream.feedback(dropped);
    await delay(EVERY_MS);
    if (shows()) return dropped;
  } while (performance.now() < untilMs && !stream.isOver);
  expect(false, `${what} while frames are dropped`, `none within ${PRESSED_MS_MAX} ms`);
}

async function comesBack(stream: SessionStream, shows: () => boolean, what: string): Promise<void> {
  const withinMs = CALM_MS + PATIENCE_MS;
  const seen = await stream.until(shows, withinMs, what).then(
    () => true,
    () => false,
  );
  expect(seen, `${what} ${withinMs} ms after the last drop`, 'none', CONTRACT.slowedBack);
}
