import { Codec } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';

/** Large frames fill the windows of HTTP/2 at once, so that it is the worker that must drop. */
const LARGE = { width: 512, height: 288 };
/** Beyond what the session may take: what a process breathes in and out. */
const MEMORY_SLACK_BYTES = 96 * 1024 * 1024;
/** What lies ready at this end of the stream (grpc-js keeps 16 messages), and a few on the way. */
const STALE_MAX = 22;
const AGE_INTERVALS_MAX = 6;
/** Of its own rate just before: the machine may be short of time for everybody. */
const RATE_SHARE_MIN = 0.7;
const USUAL_MS = 600;

export const slowReaderCases: readonly Case[] = [
  {
    id: 'slow-reader.newest',
    proves: 'A client that stopped reading gets the newest frames, not the old ones; nobody else notices.',
    sentence: CONTRACT.slow,
    run: async (lab) => {
      const { slowReaderMs } = lab.ports;
      const neighbour = lab.describe.slots > 1 ? await lab.playing() : undefined;
      const stream = await lab.playing({ over: lab.connect(), imagesKept: 1 });
      stream.format({ codec: lab.exact.codec ?? Codec.JPEG, ...LARGE, quality: 100 });
      await stream.until(
        ({ frames }) => frames.at(-1)?.width === LARGE.width,
        lab.timeFor(10),
        'a large frame',
      );
      await lab.more(stream, 15);
      const usualMs = ageMs(stream, stream.frames.length - 15);
      const before = answered('Health', await lab.calls.health());
      const from = stream.frames.length;
      const usualRate = rateOf(neighbour, performance.now() - USUAL_MS);
      const pausedMs = performance.now();
      stream.call.pause();
      await new Promise((resolve) => setTimeout(resolve, slowReaderMs));
      const after = answered('Health', await lab.calls.health());
      const rate = rateOf(neighbour, pausedMs);
      stream.call.resume();
      // By the worker's clock.
      const resumedMs = performance.now() - usualMs;
      const isNow = () => (stream.frames.at(-1)?.encodedUs ?? 0) / 1_000 > resumedMs;
      await stream.until(isNow, lab.timeFor(25), 'a frame made after the client read again');
      await lab.more(stream, 15);
      expectNewest(lab, stream, from, { usualMs, resumedMs });
      const grownBytes = after.memoryBytes - before.memoryBytes;
      const mostBytes = lab.describe.sessionBytesMax + MEMORY_SLACK_BYTES;
      expect(grownBytes <= mostBytes, `at most ${mostBytes} bytes more memory`, grownBytes);
      const least = RATE_SHARE_MIN * usualRate;
      expect(
        rate >= least,
        `${least.toFixed(1)} frames a second for the other session`,
        rate,
        CONTRACT.apart,
      );
    },
  },
];

/** From hand-over to arrival, as the two clocks have it: their offset cancels out in a difference. */
function ageMs({ frames }: SessionStream, from: number): number {
  return Math.min(...frames.slice(from).map(({ atMs, encodedUs }) => atMs - encodedUs / 1_000));
}

interface Times {
  readonly usualMs: number;
  readonly resumedMs: number;
}

function expectNewest(lab: Lab, stream: SessionStream, from: number, { usualMs, resumedMs }: Times): void {
  const after = stream.frames.slice(from);
  const stale = after.filter(({ encodedUs }) => encodedUs / 1_000 < resumedMs - lab.intervalMs).length;
  expect(stale <= STALE_MAX, `at most ${STALE_MAX} frames from before it read again`, stale);
  const lateMs = ageMs(stream, stream.frames.length - 10) - usualMs;
  const mostMs = AGE_INTERVALS_MAX * lab.intervalMs;
  expect(
    lateMs <= mostMs,
    `frames at most ${Math.round(mostMs)} ms older than usual`,
    `${Math.round(lateMs)} ms`,
  );
}

/** Frames a second since then, by `performance.now()`; 0 without a stream. */
function rateOf(stream: SessionStream | undefined, sinceMs: number): number {
  const frames = stream?.frames.filter(({ atMs }) => atMs >= sinceMs).length ?? 0;
  return (1_000 * frames) / (performance.now() - sinceMs);
}
