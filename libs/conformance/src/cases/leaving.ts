// What ends the worker's service comes last: a drain by call, and SIGTERM.
import { NoticeKind } from '@meridian/protocol';
import type { HeartbeatRequest } from '@meridian/protocol/worker';
import { setTimeout as delay } from 'node:timers/promises';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectClosed, expectSame, NotTried } from '../suite/expect.ts';
import { registrationOf } from './registration.ts';

const EXIT_MS_MAX = 5_000;
const NO_RESTART = 'it needs --command, so that the worker can be started anew';
const NO_POWER = 'it needs --command or --pid: the suite has no power over the process';

export const leavingCases: readonly Case[] = [
  {
    id: 'drain.call',
    proves: 'Drain takes no new sessions and lets the old ones go on; the control plane can lift it.',
    sentence: CONTRACT.drain,
    run: async (lab) => {
      const stream = await lab.playing();
      const { sessions } = answered('Drain', await lab.calls.drain());
      expectSame('sessions still served', 1, sessions);
      await expectClosed('a new session while draining', 'UNAVAILABLE worker_draining', await lab.play());
      await lab.fleet.heard(({ draining }) => draining, 5_000, 'a heartbeat that says draining');
      expect(answered('Health', await lab.calls.health()).draining, 'Health to say draining', false);
      await lab.more(stream, 5);
      lab.fleet.drain = true;
      await lab.fleet.heard(() => true);
      await lab.fleet.heard(() => true);
      lab.fleet.drain = false;
      await lab.fleet.heard(({ draining }) => !draining, 5_000, 'a heartbeat after the drain was lifted');
    },
  },
  {
    id: 'sigterm.sends-away',
    proves:
      'SIGTERM: every stream gets a last checkpoint and is sent away, the control plane is told, exit 0 in 5 s.',
    sentence: CONTRACT.sigterm,
    run: async (lab) => {
      const { process } = lab;
      if (process === undefined) throw new NotTried(NO_POWER);
      const stream = await lab.walking();
      const isLeaving = (beat: HeartbeatRequest) => beat.draining && beat.slots === 0;
      const told = lab.fleet.heard(isLeaving, EXIT_MS_MAX + 1_000).catch(() => undefined);
      const beganMs = performance.now();
      process.terminate();
      const exit = await Promise.race([process.exited, delay(EXIT_MS_MAX, undefined, { ref: false })]);
      const tookMs = performance.now() - beganMs;
      expect(
        exit !== undefined,
        `the process gone within ${EXIT_MS_MAX} ms`,
        `alive after ${Math.round(tookMs)} ms`,
      );
      if (exit !== 'unknown') expectSame('exit code', 0, exit);
      await expectClosed('a stream at SIGTERM', 'UNAVAILABLE worker_draining', stream);
      const heard = await Promise.race([told, delay(100)]);
      expect(heard !== undefined, 'a heartbeat that says draining with 0 slots', 'none');
      expectSame('the last message', 'checkpoint', stream.kinds.at(-1));
      const last = stream.checkpoints.at(-1)?.frameNumber ?? 0;
      expect(last >= stream.lastNumber, `a checkpoint of frame ${stream.lastNumber} or later`, last);
      lab.left = stream;
    },
  },
  {
    id: 'sigterm.goes-on-elsewhere',
    proves:
      'With the last checkpoint the session goes on in another process: a rolling update loses no world.',
    sentence: CONTRACT.restoreOpen,
    run: async (lab) => {
      const stream = lab.left;
      const checkpoint = stream?.checkpoints.at(-1);
      if (lab.process?.restart === undefined) throw new NotTried(NO_RESTART);
      if (stream === undefined || checkpoint === undefined)
        throw new NotTried('no checkpoint was left by SIGTERM');
      const before = registrationOf(lab).incarnation;
      const { incarnation } = await lab.restart();
      expect(incarnation !== before, 'a new incarnation', incarnation, CONTRACT.register);
      const { sessionId } = stream;
      const moved = await lab.playing({ sessionId, epoch: 2, checkpoint, nextFrame: stream.lastNumber + 1 });
      expectSame('the notice', NoticeKind.MIGRATED, moved.notices[0]?.kind);
      expectSame(
        'the first frame',
        Math.max(checkpoint.frameNumber, stream.lastNumber) + 1,
        moved.numbers[0],
        CONTRACT.nextFrame,
      );
      expectSame('last_action_seq', 1, moved.frames[0]?.lastActionSeq, CONTRACT.checkpointAction);
    },
  },
];
