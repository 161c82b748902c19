import { NoticeKind, type Draining } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';

const TOLD_MS_MAX = 5_000;
const FRAMES = 5;

export const drainingCases: readonly Case[] = [
  {
    id: 'drain.told',
    proves: 'A draining worker says so once on each stream, also on one that opens meanwhile, and steps on.',
    sentence: CONTRACT.draining,
    run: (lab) =>
      whileDraining(lab, async (stream) => {
        expectSame('within_ms', 0, (await toldOf(stream)).withinMs);
        await lab.more(stream, FRAMES);
        const newer = await lab.playing({ sessionId: stream.sessionId });
        expectSame('within_ms', 0, (await toldOf(newer)).withinMs);
        const { kinds, notices } = newer;
        expectSame('the first message', 'notice', kinds[0], CONTRACT.nextFrame);
        expectSame('its kind', NoticeKind.RESUMED, notices[0]?.kind, CONTRACT.held);
        await lab.more(newer, FRAMES);
        for (const { drainings } of [stream, newer]) expectSame('messages of it', 1, drainings.length);
      }),
  },
  {
    id: 'drain.again',
    proves: 'When a drain is lifted, those who were told to go may stay; they are told of the next one.',
    sentence: CONTRACT.drainedAgain,
    run: (lab) =>
      whileDraining(lab, async (stream) => {
        await toldOf(stream);
        await lift(lab);
        await lab.more(stream, FRAMES);
        lab.fleet.drain = true;
        await toldOf(stream, 2);
        await lab.more(stream, FRAMES);
      }),
  },
];

/** What a stream is told of a drain, the `count`th time. @throws Violation */
export async function toldOf(stream: SessionStream, count = 1): Promise<Draining> {
  const isTold = () => stream.drainings.length >= count;
  await stream.until(isTold, TOLD_MS_MAX, 'Draining').catch(() => undefined);
  const told = stream.drainings[count - 1];
  const got = `${stream.drainings.length} within ${TOLD_MS_MAX} ms`;
  expect(told !== undefined, `message ${count} of draining`, got);
  return told;
}

/** The last message is a checkpoint of the last frame, or of a later one. @throws Violation */
export function expectLastWords({ kinds, checkpoints, lastNumber }: SessionStream): void {
  expectSame('the last message', 'checkpoint', kinds.at(-1), CONTRACT.lastCheckpoint);
  const at = checkpoints.at(-1)?.frameNumber ?? 0;
  expect(at >= lastNumber, `a checkpoint of frame ${lastNumber} or later`, at, CONTRACT.lastCheckpoint);
}

/** One session plays; the control plane wants the worker drained meanwhile, and not any more at the end. */
async function whileDraining(lab: Lab, watch: (stream: SessionStream) => Promise<void>): Promise<void> {
  const stream = await lab.playing();
  lab.fleet.drain = true;
  try {
    await watch(stream);
  } finally {
    await lift(lab);
  }
}

async function lift({ fleet }: Lab): Promise<void> {
  fleet.drain = false;
  await fleet.heard(({ draining }) => !draining, 5_000, 'a heartbeat after the drain was lifted');
}
