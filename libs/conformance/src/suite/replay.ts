import type { Checkpoint } from '@meridian/protocol';
import { CONTRACT } from './contract.ts';
import { expect, Violation } from './expect.ts';
import type { Input } from './inputs.ts';
import type { Lab } from './lab.ts';
import type { SessionStream } from './session-stream.ts';

/** A busy machine drops a frame now and then; those that came are compared. */
const FRAMES_SHARE_MIN = 0.8;

export interface Replay {
  readonly frames: number;
  /** Acted at once. */
  readonly input?: Input;
  /** The same action again with every frame, under a new number. */
  readonly repeated?: boolean;
}

export interface Replayed {
  readonly pictures: ReadonlyMap<number, string>;
  readonly stream: SessionStream;
  /** The number of the first frame that has seen the action. */
  readonly seenAt: number | undefined;
}

/** A new session goes on from a checkpoint, alone, for so many frames, and is ended. */
export async function replay(lab: Lab, checkpoint: Checkpoint, how: Replay): Promise<Replayed> {
  const stream = await lab.play({ checkpoint });
  const { input } = how;
  const seq = checkpoint.lastActionSeq + 1;
  if (input) {
    stream.act(seq, input.axes, input);
    if (how.repeated) repeat(stream, seq, input);
  }
  await lab.more(stream, how.frames);
  await lab.end(stream);
  const seenAt = stream.frames.find(({ lastActionSeq }) => lastActionSeq >= seq)?.number;
  return { pictures: stream.pictures, stream, seenAt };
}

function repeat(stream: SessionStream, seq: number, input: Input): void {
  let next = seq;
  stream.call.on('data', () => {
    next += 1;
    if (!stream.isOver && !stream.call.writableEnded) stream.act(next, input.axes, input);
  });
}

/** How many of the frames that both have are alike; too few in common is a violation of its own. */
export function expectAlike(
  what: string,
  a: ReadonlyMap<number, string>,
  b: ReadonlyMap<number, string>,
  count: number,
): void {
  const common = inCommon(a, b, count);
  const different = common.find((number) => a.get(number) !== b.get(number));
  if (different === undefined) return;
  const alike = common.filter((number) => a.get(number) === b.get(number)).length;
  throw new Violation(
    `${what}: ${common.length} frames that are the same to the bit`,
    `${alike}; the first other one is number ${different}, ${different - (common[0] ?? 0)} frames in`,
    CONTRACT.identical,
  );
}

export function areAlike(
  a: ReadonlyMap<number, string>,
  b: ReadonlyMap<number, string>,
  count: number,
): boolean {
  return inCommon(a, b, count).every((number) => a.get(number) === b.get(number));
}

function inCommon(a: ReadonlyMap<number, string>, b: ReadonlyMap<number, string>, count: number): number[] {
  const common = [...a.keys()].filter((number) => b.has(number)).slice(0, count);
  const least = Math.floor(FRAMES_SHARE_MIN * count);
  expect(
    common.length >= least,
    `at least ${least} frames of the same numbers`,
    common.length,
    CONTRACT.nextFrame,
  );
  return common;
}
