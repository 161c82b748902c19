// What ends the worker's service comes last: a drain by call, and SIGTERM.
import { NoticeKind } from '@meridian/protocol';
import type { HeartbeatRequest } from '@meridian/protocol/worker';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessControl } from '../process/process-control.ts';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectClosed, expectSame, NotTried } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import { expectLastWords, toldOf } from './draining.ts';
import { registrationOf } from './registration.ts';

const EXIT_MS_MAX = 5_000;
const AT_ONCE_MS_MAX = 3_000;
/** What tells a worker that waits for its whole `within_ms` from one that does not. */
const EARLY_MS_MIN = 300;
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
      await toldOf(stream);
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
      'SIGTERM: a stream that is not moved in time gets a last checkpoint and is sent away; exit 0 in 5 s of that.',
    sentence: CONTRACT.sigterm,
    run: async (lab) => {
      const process = powerOver(lab);
      const stream = await lab.walking();
      const isLeaving = (beat: HeartbeatRequest) => beat.draining && beat.slots === 0;
      const heard = lab.fleet.heard(isLeaving, EXIT_MS_MAX).catch(() => undefined);
      lab.terminate(process);
      const { withinMs } = await toldOf(stream);
      expect(withinMs > 0, 'within_ms above 0', withinMs, CONTRACT.withinMs);
      const beganMs = performance.now();
      await expectExit(process, withinMs + EXIT_MS_MAX, 0);
      const tookMs = Math.round(performance.now() - beganMs);
      expect(tookMs > withinMs - EARLY_MS_MIN, `${withinMs} ms for a hand-over`, tookMs, CONTRACT.withinMs);
      await expectClosed('a stream at SIGTERM', 'UNAVAILABLE worker_draining', stream);
      const told = await Promise.race([heard, delay(100)]);
      expect(told !== undefined, 'a heartbeat that says draining with 0 slots', 'none');
      expectLastWords(stream);
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
  {
    id: 'sigterm.hands-over',
    proves:
      'SIGTERM: once the last stream is handed over the process ends; a held session is not waited for.',
    sentence: CONTRACT.heldNotWaitedFor,
    run: async (lab) => {
      const process = await startedAnew(lab);
      if (lab.describe.slots > 1) (await lab.playing()).call.cancel();
      const stream = await lab.walking();
      lab.terminate(process);
      const { withinMs } = await toldOf(stream);
      await lab.more(stream, 3);
      stream.handOver();
      await expectClosed('a stream after HandOver', 'UNAVAILABLE handed_over', stream);
      expectLastWords(stream);
      await expectExit(process, Math.min(EXIT_MS_MAX, withinMs - EARLY_MS_MIN), 0);
    },
  },
  {
    id: 'sigterm.twice',
    proves: 'A second SIGTERM ends the process at once, whoever still plays: nobody has to wait for it.',
    sentence: CONTRACT.secondSigterm,
    run: async (lab) => {
      const process = await startedAnew(lab);
      const stream = await lab.playing();
      lab.terminate(process);
      const { withinMs } = await toldOf(stream);
      lab.terminate(process);
      await expectExit(process, Math.min(AT_ONCE_MS_MAX, withinMs - EARLY_MS_MIN));
    },
  },
];

/** @throws NotTried */
function powerOver({ process }: Lab): ProcessControl {
  if (process === undefined) throw new NotTried(NO_POWER);
  return process;
}

/** The worker's process, started again where a case before this one has ended it. @throws NotTried */
async function startedAnew(lab: Lab): Promise<ProcessControl> {
  const process = powerOver(lab);
  if (await lab.isUp()) return process;
  if (process.restart === undefined) throw new NotTried(NO_RESTART);
  await lab.restart();
  return powerOver(lab);
}

/** Any exit code will do unless one is given. @throws Violation */
async function expectExit({ exited }: ProcessControl, withinMs: number, code?: number): Promise<void> {
  const beganMs = performance.now();
  const exit = await Promise.race([exited, delay(withinMs, undefined, { ref: false })]);
  const tookMs = Math.round(performance.now() - beganMs);
  expect(exit !== undefined, `the process gone within ${withinMs} ms`, `alive after ${tookMs} ms`);
  if (code !== undefined && exit !== 'unknown') expectSame('exit code', code, exit);
}
