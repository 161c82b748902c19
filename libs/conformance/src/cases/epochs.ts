import { SessionActivity } from '@meridian/protocol/worker';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectClosed, expectRefused, expectSame } from '../suite/expect.ts';
import { listen } from './heartbeat.ts';

export const epochCases: readonly Case[] = [
  {
    id: 'epochs.older-refused',
    proves:
      'A stream at an epoch below the highest seen is refused, also after the end: a session has one holder.',
    sentence: CONTRACT.epoch,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 3 });
      const { sessionId } = stream;
      const older = async () => lab.play({ sessionId, epoch: 2 });
      await expectClosed('a stream at epoch 2 beside 3', 'PERMISSION_DENIED epoch_fenced', await older());
      await lab.more(stream, 3);
      await lab.end(stream);
      await expectClosed(
        'a stream at epoch 2 after 3 has ended',
        'PERMISSION_DENIED epoch_fenced',
        await older(),
      );
    },
  },
  {
    id: 'epochs.higher-fences',
    proves: 'A stream at a higher epoch takes the session on from its live state and closes the older one.',
    sentence: CONTRACT.epoch,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 1 });
      const { sessionId } = stream;
      await lab.act(stream, 4);
      const newer = await lab.playing({ sessionId, epoch: 2 });
      await expectClosed('the stream at epoch 1', 'ABORTED epoch_fenced', stream);
      expect(
        stream.frames.every(({ epoch }) => epoch === 1),
        'only epoch 1 on the older stream',
        'others',
        CONTRACT.frameEpoch,
      );
      await lab.more(newer, 3);
      expect(
        newer.frames.every(({ epoch }) => epoch === 2),
        'only epoch 2 on the newer stream',
        'others',
        CONTRACT.frameEpoch,
      );
      expect(
        (newer.numbers[0] ?? 0) > stream.lastNumber,
        `a frame above ${stream.lastNumber}`,
        newer.numbers[0],
        CONTRACT.frameNumber,
      );
      expectSame('last_action_seq', 4, newer.frames[0]?.lastActionSeq, CONTRACT.acts);
      await listen(lab, 2);
      const left = lab
        .reports(sessionId)
        .filter(({ epoch }) => epoch === 1)
        .at(-1);
      expectSame('the last report of epoch 1', SessionActivity.ENDED, left?.activity);
      expectSame('its end_reason', 'worker_lost', left?.endReason);
    },
  },
  {
    id: 'epochs.calls-fenced',
    proves:
      'End, Checkpoint, Restore and Fork at an epoch below the one served are refused: a late call does no harm.',
    sentence: CONTRACT.lowerEpoch,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 2 });
      const old = { sessionId: stream.sessionId, epoch: 1 };
      const checkpoint = await lab.checkpoint(stream);
      const fenced = 'FAILED_PRECONDITION epoch_fenced';
      const { calls } = lab;
      expectRefused('End at epoch 1', fenced, await calls.end({ ...old, endReason: 'client_ended' }));
      expectRefused('Checkpoint at epoch 1', fenced, await calls.checkpoint(old));
      expectRefused('Restore at epoch 1', fenced, await calls.restore({ ...old, checkpoint }));
      const fork = { ...old, forkSessionId: lab.newSession(), claimMs: 1_000 };
      expectRefused('Fork at epoch 1', fenced, await calls.fork(fork));
      await lab.more(stream, 3);
    },
  },
];
