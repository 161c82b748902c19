import { NoticeKind } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectRefused, expectSame, NotTried } from '../suite/expect.ts';
import { expectAlike } from '../suite/replay.ts';

const FRAMES = 25;
const SLOTS_TRIED_MAX = 64;
/** Long enough to fill a worker with copies, even a busy one. */
const LAPSE_MS = 1_200;

export const forkCases: readonly Case[] = [
  {
    id: 'fork.copies',
    proves:
      'A fork starts where the other session stood, and parts from it only by what its own client does.',
    sentence: CONTRACT.fork,
    run: async (lab) => {
      const stream = await lab.walking();
      const { sessionId } = stream;
      const forkSessionId = lab.newSession();
      const asked = { sessionId, epoch: 1, forkSessionId, claimMs: 30_000 };
      const { frameNumber } = answered('Fork', await lab.calls.fork(asked));
      const last = frameNumber + FRAMES + 1;
      await stream.until(({ lastNumber }) => lastNumber >= last, lab.timeFor(FRAMES), `frame ${last}`);
      await lab.end(stream);
      const fork = await lab.playing({ sessionId: forkSessionId });
      fork.format(lab.exact);
      expectSame('the notice', NoticeKind.STARTED, fork.notices[0]?.kind);
      expectSame('the first frame', frameNumber + 1, fork.numbers[0], CONTRACT.nextFrame);
      expectSame('last_action_seq', 0, fork.frames[0]?.lastActionSeq, CONTRACT.lastAction);
      await lab.more(fork, FRAMES);
      const codec = stream.frames.at(-1)?.codec;
      const exact = fork.frames.filter((frame) => frame.codec === codec);
      const copied = new Map(exact.map(({ number, digest }) => [number, digest]));
      const after = new Map([...stream.pictures].filter(([number]) => number > frameNumber));
      expectAlike('the fork and the session it was made of', after, copied, FRAMES - 5);
      await lab.act(fork, 1, lab.inputs[1]);
    },
  },
  {
    id: 'fork.refused',
    proves:
      'No copy of an unknown session, for one that is served already, or beyond the slots; a copy lapses in time.',
    sentence: CONTRACT.forkRefused,
    run: async (lab) => {
      const stream = await lab.playing();
      const { calls } = lab;
      const it = { sessionId: stream.sessionId, epoch: 1, claimMs: LAPSE_MS };
      const another = () => ({ ...it, forkSessionId: lab.newSession() });
      const unknown = { ...another(), sessionId: lab.newSession() };
      expectRefused('Fork of an unknown session', 'NOT_FOUND unknown_session', await calls.fork(unknown));
      const served = { ...it, forkSessionId: stream.sessionId };
      expectRefused('Fork for a session served here', 'ALREADY_EXISTS', await calls.fork(served));
      expectRefused(
        'Fork for 601 s',
        'INVALID_ARGUMENT',
        await calls.fork({ ...another(), claimMs: 601_000 }),
      );
      const { slots } = lab.describe;
      if (slots > SLOTS_TRIED_MAX)
        throw new NotTried(`the worker has ${slots} slots; that many copies were not made`);
      const some = await Promise.all(Array.from({ length: slots }, () => calls.fork(another())));
      expect(
        some.every(({ kind }) => kind === 'answer'),
        `${slots} copies`,
        'fewer',
      );
      expectRefused('one copy too many', 'RESOURCE_EXHAUSTED forks_full', await calls.fork(another()));
      await new Promise((resolve) => setTimeout(resolve, LAPSE_MS + 100));
      answered('Fork after the copies have lapsed', await calls.fork(another()), CONTRACT.fork);
      await lab.more(stream, 3);
    },
  },
];
