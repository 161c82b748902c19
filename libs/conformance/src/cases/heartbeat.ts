import { NoticeKind } from '@meridian/protocol';
import { SessionActivity, type HeartbeatRequest } from '@meridian/protocol/worker';
import { TRACE_ID } from '../client/play-stream.ts';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectClosed, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';

const BEATS = 5;

export const heartbeatCases: readonly Case[] = [
  {
    id: 'heartbeat.regular',
    proves:
      'Heartbeats keep to their interval, rise in seq and are sane: silence is how a dead worker is told.',
    sentence: CONTRACT.heartbeat,
    run: async (lab) => {
      const { heartbeatMs } = lab.fleet;
      const { beats, gapsMs } = await listen(lab, BEATS);
      const longestMs = Math.max(...gapsMs);
      const meanMs = gapsMs.reduce((sum, gap) => sum + gap, 0) / gapsMs.length;
      expect(
        longestMs < 3 * heartbeatMs + 500,
        `a heartbeat every ${heartbeatMs} ms`,
        `a gap of ${longestMs} ms`,
      );
      expect(meanMs > 0.5 * heartbeatMs, `a heartbeat every ${heartbeatMs} ms`, `one every ${meanMs} ms`);
      beats.forEach((beat, i) => {
        const before = beats[i - 1];
        expect(before === undefined || beat.seq > before.seq, 'seq to rise', `${before?.seq}, ${beat.seq}`);
        expectSane(lab, beat);
      });
    },
  },
  {
    id: 'heartbeat.sessions',
    proves: 'Every session that is served is in every heartbeat: workers are the truth of what runs.',
    sentence: CONTRACT.heartbeat,
    run: async (lab) => {
      const count = Math.min(lab.describe.slots, 2);
      const streams = await Promise.all(Array.from({ length: count }, () => lab.playing({ epoch: 3 })));
      for (const { sessionId } of streams) {
        const isActive = ({ activity }: { activity: SessionActivity }) => activity === SessionActivity.ACTIVE;
        const report = await lab.report(sessionId, isActive, 'a heartbeat with the session as ACTIVE');
        expectSame('epoch', 3, report.epoch);
        expectSame('trace_id', TRACE_ID, report.traceId);
        expectSame('end_reason', '', report.endReason);
        expect(report.startedUs > 0, 'started_us', report.startedUs);
      }
      const { beats } = await listen(lab, 2);
      for (const { sessions } of beats) {
        const ids = sessions.map(({ sessionId }) => sessionId);
        const all = streams.every(({ sessionId }) => ids.includes(sessionId));
        expect(all, `all ${count} sessions in a heartbeat`, ids.length);
      }
    },
  },
  {
    id: 'heartbeat.final-report',
    proves:
      'The final counters are reported until they are acknowledged: usage is never lost, nor told twice.',
    sentence: CONTRACT.finalReport,
    run: async (lab) => {
      lab.fleet.acknowledges = false;
      const stream = await lab.playing();
      await lab.end(stream);
      const isEnded = ({ activity }: { activity: SessionActivity }) => activity === SessionActivity.ENDED;
      const first = await lab.report(stream.sessionId, isEnded, 'a heartbeat with the session as ENDED');
      const again = await lab.report(stream.sessionId, isEnded, 'a second heartbeat with it');
      expectSame('end_reason', 'client_ended', first.endReason);
      expectSame('frames in the second report', first.frames, again.frames);
      expectSame('started_us in the second report', first.startedUs, again.startedUs);
      expect(again.seq > first.seq, 'seq to rise', `${first.seq}, ${again.seq}`, CONTRACT.reportSeq);
      lab.fleet.acknowledges = true;
      const isGone = ({ sessions }: HeartbeatRequest) =>
        !sessions.some(({ sessionId }) => sessionId === stream.sessionId);
      await lab.fleet.heard(isGone, 5_000, 'a heartbeat without the acknowledged session');
    },
  },
  {
    id: 'heartbeat.stop',
    proves:
      'A session that the control plane stops ends with its reason, but not when it runs at a higher epoch.',
    sentence: CONTRACT.stop,
    run: async (lab) => {
      const stream = await lab.playing({ epoch: 2 });
      const { sessionId } = stream;
      lab.fleet.next = { stop: [{ sessionId, epoch: 1, endReason: 'operator_ended' }] };
      await listen(lab, 2);
      await lab.more(stream, 2);
      lab.fleet.next = { stop: [{ sessionId, epoch: 2, endReason: 'operator_ended' }] };
      await expectClosed('the stream of a stopped session', 'OK', stream);
      const last = stream.notices.at(-1);
      expectSame('the last notice', NoticeKind.ENDED, last?.kind);
      expectSame('its end_reason', 'operator_ended', last?.endReason);
    },
  },
  {
    id: 'heartbeat.drain',
    proves: 'A drain by the control plane takes no new sessions, lets the old ones go on, and can be lifted.',
    sentence: CONTRACT.operatorDrain,
    run: async (lab) => {
      const stream = await lab.playing();
      lab.fleet.drain = true;
      await lab.fleet.heard(({ draining }) => draining, 5_000, 'a heartbeat that says draining');
      await expectClosed('a new session while draining', 'UNAVAILABLE worker_draining', await lab.play());
      await lab.more(stream, 3);
      lab.fleet.drain = false;
      await lab.fleet.heard(({ draining }) => !draining, 5_000, 'a heartbeat after the drain was lifted');
      await lab.end(stream);
      await lab.playing();
    },
  },
];

/** The next heartbeats, and the pauses between them. */
export async function listen(
  { fleet }: Lab,
  count: number,
): Promise<{ beats: readonly HeartbeatRequest[]; gapsMs: readonly number[] }> {
  const from = fleet.heartbeats.length;
  const enough = () => fleet.heartbeats.length >= from + count;
  await fleet.heard(enough, count * (2 * fleet.heartbeatMs + 1_000), `${count} heartbeats`);
  const timesMs = fleet.heartbeatsMs.slice(from, from + count);
  return {
    beats: fleet.heartbeats.slice(from, from + count),
    gapsMs: timesMs.slice(1).map((atMs, i) => atMs - (timesMs[i] ?? atMs)),
  };
}

function expectSane({ describe, ports }: Lab, beat: HeartbeatRequest): void {
  const { stepMsP50, stepMsP95, stepMsP99, encodeMsP50, encodeMsP95, lateShare } = beat;
  expectSame('worker_id', ports.workerId, beat.workerId);
  expectSame('slots', describe.slots, beat.slots);
  expectSame('draining', false, beat.draining);
  expect(stepMsP50 > 0, 'step_ms_p50 above 0', stepMsP50);
  const steps = [stepMsP50, stepMsP95, stepMsP99];
  expect(isRising(steps), 'step percentiles that rise', steps.join(', '));
  expect(
    isRising([encodeMsP50, encodeMsP95]),
    'encode percentiles that rise',
    `${encodeMsP50}, ${encodeMsP95}`,
  );
  expect(lateShare >= 0 && lateShare <= 1, 'late_share in [0, 1]', lateShare);
}

export const isRising = (values: readonly number[]): boolean =>
  values.every((value, i) => Number.isFinite(value) && value >= (values[i - 1] ?? 0));
