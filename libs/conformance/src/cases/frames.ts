import { Codec, NoticeKind } from '@meridian/protocol';
import type { SeenFrame } from '../client/play-stream.ts';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectSame, Violation } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';

const FIRST_FRAME_MS_MAX = 2_000;
/** A gap is a frame that was dropped on the way; a machine that is busy drops some. */
const GAPS_SHARE_MAX = 0.2;
const RATE_TOLERANCE = 0.05;
/** Frame intervals between two frames, at the 99th percentile. */
const GAP_INTERVALS_MAX = 3;
/** Another process may take the machine for a moment: the best of so many windows counts. */
const WINDOWS = 5;

export const frameCases: readonly Case[] = [
  {
    id: 'frames.first',
    proves: 'The first message is the notice STARTED, and its first frame follows within two seconds.',
    sentence: CONTRACT.nextFrame,
    run: async (lab) => {
      const stream = await lab.play();
      await stream.until(({ frames }) => frames.length > 0, FIRST_FRAME_MS_MAX, 'the first frame');
      const [notice] = stream.notices;
      expectSame('the first message', 'notice', stream.kinds[0]);
      expectSame('its kind', NoticeKind.STARTED, notice?.kind);
      expectSame('its epoch', 1, notice?.epoch);
      expectSame('the first frame number', notice?.nextFrameNumber, stream.frames[0]?.number);
      expectSame('last_action_seq', 0, stream.frames[0]?.lastActionSeq, CONTRACT.lastAction);
    },
  },
  {
    id: 'frames.order',
    proves: 'Frame numbers rise by one without repeats, at the right epoch, and each frame has sane times.',
    sentence: CONTRACT.frameNumber,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 7 });
      await lab.more(stream, 30);
      const { frames, numbers } = stream;
      const steps = numbers.slice(1).map((number, i) => number - (numbers[i] ?? 0));
      expect(Math.min(...steps) > 0, 'numbers that rise', numbers.join(' '));
      const gaps = steps.filter((step) => step > 1).length;
      expect(gaps <= GAPS_SHARE_MAX * steps.length, 'numbers that rise by one', numbers.join(' '));
      for (const frame of frames) expectSaneFrame(lab, frame, 7);
    },
  },
  {
    id: 'frames.cadence',
    proves:
      'Frames come at the frame rate with short gaps, and those that were surely late are counted as late.',
    sentence: CONTRACT.pace,
    run: async (lab) => {
      const stream = await lab.playing();
      await lab.more(stream, 10);
      let problem: Violation | undefined;
      for (let window = 0; window < WINDOWS; window += 1) {
        problem = await watchPace(lab, stream);
        if (problem === undefined) break;
      }
      if (problem !== undefined) throw problem;
      const slow = stream.frames.filter((frame) => msToHandOver(frame) > lab.describe.deadlineMs).length;
      const report = await lab.end(stream);
      const late = report?.lateFrames ?? -1;
      expect(late >= slow, `at least ${slow} late frames counted`, late, CONTRACT.deadline);
      expect(late <= (report?.frames ?? 0), 'no more late frames than frames', late, CONTRACT.deadline);
    },
  },
];

/** From the begin of a frame's step, which is never before it was due. */
const msToHandOver = ({ stepStartedUs, encodedUs }: SeenFrame): number => (encodedUs - stepStartedUs) / 1_000;

async function watchPace(lab: Lab, stream: SessionStream): Promise<Violation | undefined> {
  const { framesPerSecond } = lab.describe;
  const from = stream.frames.length - 1;
  await lab.more(stream, Math.round(lab.ports.seconds * framesPerSecond));
  const timesMs = stream.frames.slice(from).map(({ atMs }) => atMs);
  const gapsMs = timesMs.slice(1).map((atMs, i) => atMs - (timesMs[i] ?? atMs));
  const tookMs = gapsMs.reduce((sum, gap) => sum + gap, 0);
  const rate = (1_000 * gapsMs.length) / tookMs;
  const wantedMs = gapsMs.length * lab.intervalMs;
  const gapMs = [...gapsMs].sort((a, b) => a - b)[Math.floor(0.99 * gapsMs.length)] ?? Infinity;
  // The first and the last frame of a window may each be late by an interval.
  if (Math.abs(tookMs - wantedMs) > RATE_TOLERANCE * wantedMs + 2 * lab.intervalMs) {
    return new Violation(`${framesPerSecond} frames a second`, rate.toFixed(1));
  }
  const gapMsMax = GAP_INTERVALS_MAX * lab.intervalMs;
  if (gapMs <= gapMsMax) return undefined;
  return new Violation(`gaps up to ${gapMsMax.toFixed(0)} ms (p99)`, `${gapMs.toFixed(0)} ms`);
}

export function expectSaneFrame({ describe }: Lab, frame: SeenFrame, epoch: number): void {
  const { stepStartedUs, stepEndedUs, encodedUs, actionReceivedUs } = frame;
  expectSame('epoch', epoch, frame.epoch, CONTRACT.frameEpoch);
  expectSame('codec', Codec.JPEG, frame.codec, CONTRACT.formatDefault);
  expectSame('width', describe.frameWidth, frame.width, CONTRACT.formatDefault);
  expectSame('height', describe.frameHeight, frame.height, CONTRACT.formatDefault);
  const times = [actionReceivedUs, stepStartedUs, stepEndedUs, encodedUs];
  const inOrder = times.every((time, i) => time >= (times[i - 1] ?? 0)) && stepStartedUs > 0;
  expect(inOrder, 'action received, step started, step ended, encoded in that order', times.join(', '));
}
