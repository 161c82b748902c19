import { Codec, type Checkpoint } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectRefused, expectSame } from '../suite/expect.ts';
import { IN_FLIGHT_MAX, type Lab } from '../suite/lab.ts';

const GAPS = 2;
const GAP_MS_MIN = 500;
const GAP_MS_MAX = 2_000;

export const checkpointCases: readonly Case[] = [
  {
    id: 'checkpoint.stream',
    proves: 'A checkpoint comes down the stream about every second: it is what a lost worker leaves behind.',
    sentence: CONTRACT.checkpointEverySecond,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 4 });
      await lab.act(stream, 1);
      const atMs: number[] = [];
      stream.call.on('data', ({ message }) => {
        if (message?.$case === 'checkpoint') atMs.push(performance.now());
      });
      const from = stream.checkpoints.length;
      const enough = GAPS + 1;
      await stream.until(
        ({ checkpoints }) => checkpoints.length >= from + enough,
        enough * GAP_MS_MAX,
        `${enough} checkpoints`,
      );
      for (const gapMs of atMs.slice(1).map((at, i) => at - (atMs[i] ?? at))) {
        const isRight = gapMs >= GAP_MS_MIN && gapMs <= GAP_MS_MAX;
        expect(isRight, `${GAP_MS_MIN} to ${GAP_MS_MAX} ms between checkpoints`, `${Math.round(gapMs)} ms`);
      }
      expectSane(lab, stream.checkpoints.at(-1), 4);
      const behind = stream.lastNumber - (stream.checkpoints.at(-1)?.frameNumber ?? 0);
      expect(
        Math.abs(behind) <= IN_FLIGHT_MAX,
        'a checkpoint of a frame just seen',
        `one ${behind} frames behind`,
      );
    },
  },
  {
    id: 'checkpoint.call',
    proves:
      'Checkpoint answers with the state of the newest frame, its action and its format, while the session goes on.',
    sentence: CONTRACT.checkpoint,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 4 });
      stream.format({ codec: Codec.JPEG, quality: 60 });
      await lab.act(stream, 1);
      const before = stream.lastNumber;
      const checkpoint = await lab.checkpoint(stream);
      expectSane(lab, checkpoint, 4);
      expect(checkpoint.frameNumber >= before, `frame ${before} or a later one`, checkpoint.frameNumber);
      expectSame('the quality asked for', 60, checkpoint.format?.quality, CONTRACT.format);
      await lab.more(stream, 3);
      const unknown = { sessionId: lab.newSession(), epoch: 1 };
      expectRefused('an unknown session', 'NOT_FOUND unknown_session', await lab.calls.checkpoint(unknown));
    },
  },
];

/** Of a session that has acted once, with the first input. */
function expectSane({ describe, inputs }: Lab, checkpoint: Checkpoint | undefined, epoch: number): void {
  expectSame('model', describe.model, checkpoint?.model);
  expectSame('model_version', describe.modelVersion, checkpoint?.modelVersion);
  expectSame('bytes of state', describe.stateBytes, checkpoint?.state.length);
  expectSame('epoch', epoch, checkpoint?.epoch);
  expectSame('last_action_seq', 1, checkpoint?.lastActionSeq);
  const names = Object.keys(inputs[0].axes).sort().join();
  expectSame(
    'axes of the action in force',
    names,
    Object.keys(checkpoint?.action?.axes ?? {})
      .sort()
      .join(),
    CONTRACT.checkpointAction,
  );
}
