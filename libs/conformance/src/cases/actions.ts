import type { Checkpoint } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectSame, NotTried } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import { areAlike, expectAlike, replay, type Replay, type Replayed } from '../suite/replay.ts';

const BURST = 100;
/** Frames from the first of a new format, which was asked for after the burst, to the first that sees its newest. */
const BURST_FRAMES_MAX = 4;
const SIZES = [
  { width: 64, height: 48 },
  { width: 80, height: 60 },
];
const FRAMES = 25;
const TRIES = 5;

export const actionCases: readonly Case[] = [
  {
    id: 'actions.newest-wins',
    proves: 'Of a burst of actions the newest is in force at once: a backlog would play the past.',
    sentence: CONTRACT.newest,
    run: async (lab) => {
      const stream = await lab.playing();
      for (const [i, size] of SIZES.entries()) {
        const last = (i + 1) * BURST;
        const { axes, buttons } = lab.inputs[0];
        for (let seq = last - BURST + 1; seq <= last; seq += 1) stream.act(seq, axes, { buttons });
        // Messages stay in order: once the new size is there, the whole burst has arrived, however slow the machine.
        stream.format(size);
        const isSized = () => stream.frames.at(-1)?.width === size.width;
        await stream.until(isSized, lab.timeFor(2 * BURST), `a frame of ${size.width} x ${size.height}`);
        const from = stream.frames.length - 1;
        await lab.more(stream, BURST_FRAMES_MAX);
        const seqs = stream.frames.slice(from).map(({ lastActionSeq }) => lastActionSeq);
        expect(seqs.at(-1) === last, `action ${last} in force at once`, `frames that saw ${seqs.join(' ')}`);
      }
    },
  },
  {
    id: 'actions.older-ignored',
    proves: 'An action that is not newer than the newest changes nothing, silently: networks reorder.',
    sentence: CONTRACT.newest,
    run: async (lab) => {
      const stream = await lab.playing();
      await lab.act(stream, 10);
      const other = lab.inputs[1];
      for (const seq of [5, 10, 0]) stream.act(seq, other.axes, other);
      const from = stream.frames.length;
      await lab.more(stream, 8);
      const seqs = stream.frames.slice(from).map(({ lastActionSeq }) => lastActionSeq);
      expect(
        seqs.every((seq) => seq === 10),
        'last_action_seq to stay 10',
        seqs.join(' '),
      );
      const { action } = await lab.checkpoint(stream);
      expectSame(
        'the action in force',
        JSON.stringify(rounded(lab.inputs[0].axes)),
        JSON.stringify(rounded(action?.axes ?? {})),
      );
    },
  },
  {
    id: 'actions.change-the-world',
    proves: 'Another action makes another world: what the user does is what the model sees.',
    sentence: CONTRACT.acts,
    run: async (lab) => {
      lab.needInputs();
      const checkpoint = await walk(lab);
      const [left, right] = await sameStart(
        lab,
        checkpoint,
        { input: lab.inputs[0] },
        { input: lab.inputs[1] },
      );
      const isAlike = areAlike(left.pictures, right.pictures, FRAMES);
      expect(!isAlike, 'two inputs from one checkpoint to make different frames', `${FRAMES} frames alike`);
    },
  },
  {
    id: 'actions.held',
    proves: 'An action holds until the next one: once said or said again with every frame is the same.',
    sentence: CONTRACT.acts,
    run: async (lab) => {
      lab.needInputs();
      const checkpoint = await walk(lab);
      const input = lab.inputs[1];
      const [once, again] = await sameStart(lab, checkpoint, { input }, { input, repeated: true });
      expectAlike('an action held and the same one repeated', once.pictures, again.pictures, FRAMES);
    },
  },
];

const rounded = (axes: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(axes)
    .map(([name, value]): [string, number] => [name, Math.round(1_000 * value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));

async function walk(lab: Lab): Promise<Checkpoint> {
  const stream = await lab.walking();
  const checkpoint = await lab.checkpoint(stream);
  await lab.end(stream);
  return checkpoint;
}

type Acting = Omit<Replay, 'frames'>;

/** Two replays whose actions were seen by the frame of the same number: when that is, is up to the moment. */
async function sameStart(
  lab: Lab,
  checkpoint: Checkpoint,
  a: Acting,
  b: Acting,
): Promise<readonly [Replayed, Replayed]> {
  for (let i = 0; i < TRIES; i += 1) {
    const first = await replay(lab, checkpoint, { ...a, frames: FRAMES });
    const second = await replay(lab, checkpoint, { ...b, frames: FRAMES });
    if (first.seenAt !== undefined && first.seenAt === second.seenAt) return [first, second];
  }
  throw new NotTried(`in ${TRIES} tries the actions never came before the same frame`);
}
