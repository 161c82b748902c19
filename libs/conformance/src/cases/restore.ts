import { Codec, NoticeKind, type Checkpoint } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectClosed, expectRefused, expectSame, NotTried } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import { expectAlike, replay } from '../suite/replay.ts';

const FRAMES = 100;
const ENCODED_FRAMES = 25;
const MALFORMED = 'INVALID_ARGUMENT malformed_restore';

export const restoreCases: readonly Case[] = [
  {
    id: 'restore.bit-identical',
    proves: 'Two sessions from one checkpoint make the same 100 frames to the bit, raw and encoded.',
    sentence: CONTRACT.identical,
    run: async (lab) => {
      const { checkpoint } = await walk(lab);
      const first = await replay(lab, checkpoint, { frames: FRAMES });
      const second = await replay(lab, checkpoint, { frames: FRAMES });
      expectAlike('two restored sessions', first.pictures, second.pictures, FRAMES);
      const encoded = { ...checkpoint, format: { codec: Codec.JPEG, width: 0, height: 0, quality: 85 } };
      const a = await replay(lab, encoded, { frames: ENCODED_FRAMES });
      const b = await replay(lab, encoded, { frames: ENCODED_FRAMES });
      expectAlike('two restored sessions as JPEG', a.pictures, b.pictures, ENCODED_FRAMES);
    },
  },
  {
    id: 'restore.as-live',
    proves:
      'A restored session goes on as the live one would have: same numbers, same action in force, same frames.',
    sentence: CONTRACT.restoreOpen,
    run: async (lab) => {
      const { checkpoint, pictures } = await walk(lab, ENCODED_FRAMES);
      const restored = await replay(lab, checkpoint, { frames: ENCODED_FRAMES });
      const [notice, frame] = [restored.stream.notices[0], restored.stream.frames[0]];
      expectSame('the notice', NoticeKind.MIGRATED, notice?.kind);
      expectSame('the first frame', checkpoint.frameNumber + 1, frame?.number, CONTRACT.nextFrame);
      expectSame(
        'last_action_seq',
        checkpoint.lastActionSeq,
        frame?.lastActionSeq,
        CONTRACT.checkpointAction,
      );
      expectSame(
        'the codec asked for',
        checkpoint.format?.codec ?? Codec.JPEG,
        frame?.codec,
        CONTRACT.format,
      );
      expectAlike('the restored session and the live one', pictures, restored.pictures, ENCODED_FRAMES);
      const later = await lab.playing({ checkpoint, nextFrame: checkpoint.frameNumber + 500 });
      expectSame('the first frame after meridian-next-frame', checkpoint.frameNumber + 500, later.numbers[0]);
    },
  },
  {
    id: 'restore.in-company',
    proves:
      'The frames after a restore do not depend on who else is on the worker: after a move others always are.',
    sentence: CONTRACT.identical,
    run: async (lab) => {
      lab.needSlots(2);
      const { checkpoint } = await walk(lab);
      const alone = await replay(lab, checkpoint, { frames: ENCODED_FRAMES });
      const other = await lab.playing();
      await lab.act(other, 1, lab.inputs[1]);
      const together = await replay(lab, checkpoint, { frames: ENCODED_FRAMES });
      expectAlike('a session alone and one in company', alone.pictures, together.pictures, ENCODED_FRAMES);
    },
  },
  {
    id: 'restore.call',
    proves: 'Restore rewinds a live session to its checkpoint; frame numbers go on rising.',
    sentence: CONTRACT.restore,
    run: async (lab) => {
      const stream = await lab.walking();
      const { sessionId } = stream;
      const checkpoint = await lab.checkpoint(stream);
      await lab.more(stream, ENCODED_FRAMES + 5);
      const answer = await lab.calls.restore({ sessionId, epoch: 1, checkpoint });
      const { nextFrameNumber } = answered('Restore', answer);
      expect(
        nextFrameNumber > checkpoint.frameNumber + ENCODED_FRAMES,
        'a next frame above those seen',
        nextFrameNumber,
      );
      await lab.more(stream, ENCODED_FRAMES + 10);
      const isRising = stream.numbers.every((number, i) => number >= (stream.numbers[i - 1] ?? 0));
      expect(isRising, 'numbers that do not fall', stream.numbers.join(' '), CONTRACT.frameNumber);
      const shift = nextFrameNumber - checkpoint.frameNumber - 1;
      const [before, after] = split(stream.pictures, nextFrameNumber, shift);
      expectAlike('the frames after the checkpoint and after the Restore', before, after, ENCODED_FRAMES);
      const unknown = { sessionId: lab.newSession(), epoch: 1, checkpoint };
      expectRefused('an unknown session', 'NOT_FOUND unknown_session', await lab.calls.restore(unknown));
    },
  },
  {
    id: 'restore.refused',
    proves:
      'A checkpoint of another model, version or size is refused, by call and on opening; nothing is held by it.',
    sentence: CONTRACT.restoreRefused,
    run: async (lab) => {
      const { checkpoint } = await walk(lab);
      const stream = await lab.playing();
      const live = { sessionId: stream.sessionId, epoch: 1 };
      for (const [what, wrong] of mismatches(checkpoint)) {
        const wanted = 'FAILED_PRECONDITION checkpoint_mismatch';
        expectRefused(`Restore of ${what}`, wanted, await lab.calls.restore({ ...live, checkpoint: wrong }));
      }
      await lab.more(stream, 3);
      await lab.end(stream);
      for (const [what, wrong] of mismatches(checkpoint)) {
        const wanted = 'FAILED_PRECONDITION checkpoint_mismatch';
        await expectClosed(`a stream that restores ${what}`, wanted, await lab.play({ checkpoint: wrong }));
      }
      await lab.expectEmpty();
    },
  },
  {
    id: 'restore.not-a-number',
    proves: 'A state of floats with a NaN is refused before it can spoil a world or a batch.',
    sentence: CONTRACT.notANumber,
    run: async (lab) => {
      const { checkpoint } = await walk(lab);
      if (!looksLikeFloats(checkpoint.state))
        throw new NotTried('the state does not look like 32-bit floats');
      const state = Uint8Array.from(checkpoint.state);
      state.set([0, 0, 0xc0, 0x7f], state.length - 4);
      const spoilt = { ...checkpoint, state };
      const wanted = 'FAILED_PRECONDITION checkpoint_invalid';
      await expectClosed('a stream that restores a NaN', wanted, await lab.play({ checkpoint: spoilt }));
      const stream = await lab.playing();
      const live = { sessionId: stream.sessionId, epoch: 1 };
      expectRefused('Restore of a NaN', wanted, await lab.calls.restore({ ...live, checkpoint: spoilt }));
      await lab.more(stream, 3);
    },
  },
  {
    id: 'restore.malformed',
    proves:
      'A restore where none may be, or none where one was promised, is refused; the worker does not wait for ever.',
    sentence: CONTRACT.restorePlace,
    run: async (lab) => {
      const { checkpoint } = await walk(lab);
      const promised = { metadata: { 'meridian-restore': '1' } };
      const silent = await lab.play(promised);
      const acting = await lab.play(promised);
      acting.act(1);
      await expectClosed('an action where a restore was promised', MALFORMED, acting);
      const unasked = await lab.playing();
      // Without its state: it may be larger than a message in the middle of a stream is let be.
      unasked.send({ $case: 'restore', value: { ...checkpoint, state: new Uint8Array(0) } });
      await expectClosed('a restore in the middle of a stream', MALFORMED, unasked);
      await expectClosed('a promise of a restore without one', MALFORMED, silent, { withinMs: 8_000 });
    },
  },
];

/** A checkpoint of a session with an action in force, and the frames that the live session makes of it. */
async function walk(
  lab: Lab,
  frames = 0,
): Promise<{ checkpoint: Checkpoint; pictures: ReadonlyMap<number, string> }> {
  const stream = await lab.walking();
  const checkpoint = await lab.checkpoint(stream);
  if (frames > 0) {
    const last = checkpoint.frameNumber + frames + 1;
    await stream.until(({ lastNumber }) => lastNumber >= last, lab.timeFor(frames), `frame ${last}`);
  }
  await lab.end(stream);
  const after = [...stream.pictures].filter(([number]) => number > checkpoint.frameNumber);
  return { checkpoint, pictures: new Map(after) };
}

/** The frames before a number, and those from it on under the numbers that they repeat. */
function split(
  pictures: ReadonlyMap<number, string>,
  at: number,
  shift: number,
): [ReadonlyMap<number, string>, ReadonlyMap<number, string>] {
  const all = [...pictures];
  const after = all.filter(([number]) => number >= at);
  return [
    new Map(all.filter(([number]) => number < at)),
    new Map(after.map(([number, digest]): [number, string] => [number - shift, digest])),
  ];
}

function mismatches(checkpoint: Checkpoint): readonly (readonly [string, Checkpoint])[] {
  return [
    ['another model', { ...checkpoint, model: `${checkpoint.model}-other` }],
    ['another version', { ...checkpoint, modelVersion: `${checkpoint.modelVersion}.1` }],
    ['a shorter state', { ...checkpoint, state: checkpoint.state.slice(1) }],
    ['an empty state', { ...checkpoint, state: new Uint8Array(0) }],
  ];
}

/** Describe does not say what a state is made of: numbers of a usual size, all through, are taken for floats. */
function looksLikeFloats(state: Uint8Array): boolean {
  if (state.length === 0 || state.length % 4 !== 0) return false;
  const view = new DataView(state.buffer, state.byteOffset, state.length);
  return Array.from({ length: state.length / 4 }, (_, i) => Math.abs(view.getFloat32(4 * i, true))).every(
    (value) => value === 0 || (value > 1e-6 && value < 1e6),
  );
}
