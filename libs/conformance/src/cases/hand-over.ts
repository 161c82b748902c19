import { SessionActivity } from '@meridian/protocol/worker';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectClosed, expectSame } from '../suite/expect.ts';
import { IN_FLIGHT_MAX } from '../suite/lab.ts';
import { expectAlike, replay } from '../suite/replay.ts';
import type { SessionStream } from '../suite/session-stream.ts';
import { expectLastWords } from './draining.ts';

const HANDED_OVER = 'UNAVAILABLE handed_over';
const FRAMES = 25;
const SLOTS_TRIED_MAX = 64;

export const handOverCases: readonly Case[] = [
  {
    id: 'hand-over.last-checkpoint',
    proves: 'HandOver brings the last checkpoint as the last message: what the next worker goes on from.',
    sentence: CONTRACT.handOver,
    run: async (lab) => {
      const stream = await lab.walking();
      await handOver(stream);
      expectLastWords(stream);
      const checkpoint = stream.checkpoints.at(-1);
      const ahead = (checkpoint?.frameNumber ?? 0) - stream.lastNumber;
      expect(ahead <= IN_FLIGHT_MAX, 'a checkpoint of a frame just seen', `one ${ahead} frames ahead`);
      expectSame('last_action_seq', 1, checkpoint?.lastActionSeq, CONTRACT.checkpointAction);
    },
  },
  {
    id: 'hand-over.lets-go',
    proves:
      'A session that was handed over is reported to its end, keeps no slot, and is not served again as it was.',
    sentence: CONTRACT.letGo,
    run: async (lab) => {
      const others = Math.min(lab.describe.slots, SLOTS_TRIED_MAX) - 1;
      const stream = await lab.walking();
      const { sessionId } = stream;
      await Promise.all(Array.from({ length: others }, () => lab.playing()));
      lab.fleet.acknowledges = false;
      await handOver(stream);
      const isEnded = ({ activity }: { activity: SessionActivity }) => activity === SessionActivity.ENDED;
      const report = await lab.report(sessionId, isEnded, 'a heartbeat with the session as ENDED');
      expectSame('end_reason', 'worker_lost', report.endReason);
      const seen = stream.frames.length;
      expect(report.frames >= seen, `at least the ${seen} frames seen`, report.frames, CONTRACT.finalReport);
      const again = await lab.play({ sessionId });
      await expectClosed('a stream at the same epoch', 'PERMISSION_DENIED epoch_fenced', again);
      await lab.playing();
    },
  },
  {
    id: 'hand-over.bit-identical',
    proves: 'From its last checkpoint a session goes on at the next epoch as if it had never been moved.',
    sentence: CONTRACT.movedOn,
    run: async (lab) => {
      const stream = await lab.walking();
      const before = await lab.checkpoint(stream);
      await lab.more(stream, FRAMES);
      await handOver(stream);
      const { sessionId, lastNumber } = stream;
      const checkpoint = stream.checkpoints.at(-1);
      const moved = await lab.playing({
        sessionId,
        epoch: 2,
        nextFrame: lastNumber + 1,
        ...(checkpoint && { checkpoint }),
      });
      const at = checkpoint?.frameNumber ?? 0;
      expectSame('the first frame', at + 1, moved.numbers[0], CONTRACT.nextFrame);
      await lab.more(moved, FRAMES);
      await lab.end(moved);
      const count = at - before.frameNumber + FRAMES;
      const undisturbed = await replay(lab, before, { frames: count + 1 });
      expectAlike('a moved session and an undisturbed one', undisturbed.pictures, both(stream, moved), count);
    },
  },
  {
    id: 'hand-over.stop',
    proves: 'A session that the control plane has moved on is let go of with its last checkpoint, not ended.',
    sentence: CONTRACT.stopMoved,
    run: async (lab) => {
      const stream = await lab.walking({ epoch: 2 });
      lab.fleet.next = { stop: [{ sessionId: stream.sessionId, epoch: 2, endReason: '' }] };
      await expectClosed('the stream of a session that moved on', HANDED_OVER, stream);
      expectLastWords(stream);
    },
  },
];

async function handOver(stream: SessionStream): Promise<void> {
  stream.handOver();
  await expectClosed('a stream after HandOver', HANDED_OVER, stream);
}

const both = (a: SessionStream, b: SessionStream): ReadonlyMap<number, string> =>
  new Map([...a.pictures, ...b.pictures]);
