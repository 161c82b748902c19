import { NoticeKind } from '@meridian/protocol';
import { SessionActivity } from '@meridian/protocol/worker';
import { openCutLink } from '../client/cut-link.ts';
import { workerClient } from '../client/play-stream.ts';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectClosed, expectSame, NotTried } from '../suite/expect.ts';

const SLOTS_TRIED_MAX = 64;
const FAIR_SHARE_MIN = 0.8;
const CYCLES = 50;

export const sessionCases: readonly Case[] = [
  {
    id: 'sessions.apart',
    proves: 'Two sessions at once never see each other’s actions or epochs, and get the same rate.',
    sentence: CONTRACT.apart,
    run: async (lab) => {
      lab.needSlots(2);
      const a = await lab.playing({ epoch: 2 });
      const b = await lab.playing({ epoch: 9 });
      await Promise.all([lab.act(a, 100, lab.inputs[0]), lab.act(b, 7, lab.inputs[1])]);
      const [fromA, fromB] = [a.frames.length, b.frames.length];
      await lab.more(a, 50);
      const [framesA, framesB] = [a.frames.slice(fromA), b.frames.slice(fromB)];
      expect(
        framesA.every(({ epoch, lastActionSeq }) => epoch === 2 && lastActionSeq === 100),
        'the first session to see only its own',
        'frames of the other',
      );
      expect(
        framesB.every(({ epoch, lastActionSeq }) => epoch === 9 && lastActionSeq === 7),
        'the second session to see only its own',
        'frames of the other',
      );
      const share = framesB.length / framesA.length;
      const isFair = share >= FAIR_SHARE_MIN && share <= 1 / FAIR_SHARE_MIN;
      expect(isFair, 'as many frames for each', `${framesA.length} and ${framesB.length}`);
    },
  },
  {
    id: 'sessions.slots',
    proves:
      'One session more than there are slots is refused, and a slot is free once its session has ended.',
    sentence: CONTRACT.slots,
    run: async (lab) => {
      const { slots } = lab.describe;
      if (slots > SLOTS_TRIED_MAX) {
        throw new NotTried(`the worker has ${slots} slots; start it with SLOTS=${SLOTS_TRIED_MAX} or fewer`);
      }
      const streams = await Promise.all(Array.from({ length: slots }, () => lab.playing()));
      await expectClosed('one session too many', 'RESOURCE_EXHAUSTED slots_full', await lab.play());
      const [first] = streams;
      if (first) await lab.end(first);
      await lab.playing();
    },
  },
  {
    id: 'sessions.width',
    proves:
      'A session takes as many slots as its token says, and its reports say so: a share is what is paid for.',
    sentence: CONTRACT.width,
    run: async (lab) => {
      lab.needSlots(2);
      const { slots } = lab.describe;
      const wide = await lab.playing({ width: slots });
      const report = await lab.report(wide.sessionId, () => true, 'a heartbeat with the session');
      expectSame('width', slots, report.width);
      await expectClosed('a session beside it', 'RESOURCE_EXHAUSTED slots_full', await lab.play());
      await lab.end(wide);
      await lab.playing();
      const tooWide = await lab.play({ width: slots });
      await expectClosed(`one of ${slots} slots beside another`, 'RESOURCE_EXHAUSTED slots_full', tooWide);
    },
  },
  {
    id: 'sessions.resume',
    proves:
      'After a broken connection the same client goes on at the next frame, with the action still in force.',
    sentence: CONTRACT.held,
    run: async (lab) => {
      const link = await openCutLink(lab.ports.address);
      const over = workerClient(link.address);
      const stream = await lab.playing({ over });
      const { sessionId } = stream;
      await lab.act(stream, 3);
      link.cut();
      await stream.endedWithin(5_000);
      over.close();
      const isHeld = ({ activity }: { activity: SessionActivity }) => activity === SessionActivity.HELD;
      await lab.report(sessionId, isHeld, 'a heartbeat with the session as HELD');
      const back = await lab.playing({ sessionId });
      const [notice] = back.notices;
      expectSame('the notice', NoticeKind.RESUMED, notice?.kind);
      expectSame('the first frame', notice?.nextFrameNumber, back.numbers[0], CONTRACT.nextFrame);
      expect(
        (back.numbers[0] ?? 0) > stream.lastNumber,
        `a frame above ${stream.lastNumber}`,
        back.numbers[0],
      );
      expectSame('last_action_seq', 3, back.frames[0]?.lastActionSeq, CONTRACT.acts);
    },
  },
  {
    id: 'sessions.hold-time',
    proves: 'A session whose client does not come back in time ends as client_lost, and stays ended.',
    sentence: CONTRACT.held,
    run: async (lab) => {
      const stream = await lab.playing({ holdMs: 300 });
      stream.call.cancel();
      const isEnded = ({ activity }: { activity: SessionActivity }) => activity === SessionActivity.ENDED;
      const report = await lab.report(stream.sessionId, isEnded, 'a heartbeat with the session as ENDED');
      expectSame('end_reason', 'client_lost', report.endReason);
      const { sessionId } = stream;
      await expectClosed(
        'a stream of it',
        'FAILED_PRECONDITION session_ended',
        await lab.play({ sessionId }),
        {
          sentence: CONTRACT.endedStays,
        },
      );
    },
  },
  {
    id: 'sessions.take-over',
    proves: 'A newer stream of the same client gets the session, and the older one is told.',
    sentence: CONTRACT.takenOver,
    run: async (lab) => {
      const stream = await lab.playing();
      const newer = await lab.playing({ sessionId: stream.sessionId });
      await expectClosed('the older stream', 'ABORTED taken_over', stream);
      expect(
        (newer.numbers[0] ?? 0) > stream.lastNumber,
        `a frame above ${stream.lastNumber}`,
        newer.numbers[0],
      );
      await lab.more(newer, 3);
    },
  },
  {
    id: 'sessions.end',
    proves:
      'End closes the stream with its reason and OK; an unknown session ends without usage; ended stays ended.',
    sentence: CONTRACT.end,
    run: async (lab) => {
      const stream = await lab.playing();
      const { sessionId } = stream;
      const report = await lab.end(stream, 'budget_exhausted');
      await expectClosed('the stream of an ended session', 'OK', stream);
      expectSame('the last message', 'notice', stream.kinds.at(-1));
      expectSame('its kind', NoticeKind.ENDED, stream.notices.at(-1)?.kind);
      expectSame('its end_reason', 'budget_exhausted', stream.notices.at(-1)?.endReason);
      expectSame('the report’s end_reason', 'budget_exhausted', report?.endReason);
      const unknown = { sessionId: lab.newSession(), epoch: 1, endReason: 'client_ended' };
      const nothing = answered('End of an unknown session', await lab.calls.end(unknown));
      expectSame('its report', undefined, nothing.report);
      await expectClosed(
        'a stream of an ended session',
        'FAILED_PRECONDITION session_ended',
        await lab.play({ sessionId }),
        {
          sentence: CONTRACT.endedStays,
        },
      );
    },
  },
  {
    id: 'sessions.cancel',
    proves:
      'A cancelled stream keeps its slot until the end of the session, and nothing leaks however often.',
    sentence: CONTRACT.cancel,
    run: async (lab) => {
      for (let i = 0; i < CYCLES; i += 1) {
        const stream = await lab.play();
        if (i % 2 === 0) await stream.until(({ notices }) => notices.length > 0, 5_000, 'the first notice');
        stream.call.cancel();
        const { sessionId } = stream;
        if (i % 10 === 0) {
          const back = await lab.play({ sessionId });
          await back.until(({ notices }) => notices.length > 0, 5_000, 'the notice of the resumed stream');
          back.call.cancel();
        }
        answered('End', await lab.calls.end({ sessionId, epoch: 1, endReason: 'client_ended' }));
      }
      const count = Math.min(lab.describe.slots, SLOTS_TRIED_MAX);
      await lab.expectEmpty();
      await Promise.all(Array.from({ length: count }, () => lab.playing()));
    },
  },
];
