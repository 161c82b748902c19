import { SessionActivity, type SessionReport } from '@meridian/protocol/worker';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectSame } from '../suite/expect.ts';
import { IN_FLIGHT_MAX } from '../suite/lab.ts';
import { isRising, listen } from './heartbeat.ts';

const BEATS = 6;
const ACTIVE_MS_TOLERANCE = 500;

export const counterCases: readonly Case[] = [
  {
    id: 'counters.cumulative',
    proves: 'Counters only rise, also over a pause, and agree with what arrived: they are what is paid for.',
    sentence: CONTRACT.counters,
    run: async (lab) => {
      const stream = await lab.playing();
      const { sessionId } = stream;
      const beganMs = performance.now();
      await listen(lab, BEATS);
      stream.call.cancel();
      const playedMs = performance.now() - beganMs;
      await listen(lab, 2);
      const back = await lab.playing({ sessionId });
      await lab.more(back, 10);
      const report = await lab.end(back);
      const reports = [...lab.reports(sessionId), ...(report ? [report] : [])];
      expectCumulative(reports);
      const received = stream.frames.length + back.frames.length;
      const lost = (report?.frames ?? 0) - received;
      expect(
        lost >= 0 && lost <= IN_FLIGHT_MAX,
        `${received} frames, and what was under way`,
        report?.frames,
      );
      const activeMs = report?.activeMs ?? 0;
      const longestMs = playedMs + (performance.now() - beganMs - playedMs) + ACTIVE_MS_TOLERANCE;
      const isRight = activeMs >= playedMs - ACTIVE_MS_TOLERANCE && activeMs <= longestMs;
      expect(isRight, `active_ms between ${Math.round(playedMs)} and ${Math.round(longestMs)}`, activeMs);
    },
  },
  {
    id: 'counters.away',
    proves: 'While a client is away nothing is counted: nobody pays for a world that nobody sees.',
    sentence: CONTRACT.counters,
    run: async (lab) => {
      const stream = await lab.playing();
      stream.call.cancel();
      const { sessionId } = stream;
      const held = await lab.report(
        sessionId,
        ({ activity }) => activity === SessionActivity.HELD,
        'a heartbeat with the session as HELD',
      );
      await listen(lab, 3);
      const later = await lab.report(sessionId, () => true, 'a later heartbeat with it');
      expectSame('frames', held.frames, later.frames);
      expectSame('active_ms', held.activeMs, later.activeMs);
    },
  },
  {
    id: 'health.sane',
    proves: 'Health says what is served, how fast and in how much memory, and agrees with what arrives.',
    sentence: CONTRACT.health,
    run: async (lab) => {
      const before = answered('Health', await lab.calls.health());
      const stream = await lab.playing();
      await lab.more(stream, 25);
      const health = answered('Health', await lab.calls.health());
      const { stepMs, encodeMs, frames, lateFrames, lateShare } = health;
      expect(
        isRising([stepMs?.p50 ?? NaN, stepMs?.p95 ?? NaN, stepMs?.p99 ?? NaN]),
        'step percentiles that rise',
        JSON.stringify(stepMs),
      );
      expect(
        isRising([encodeMs?.p50 ?? NaN, encodeMs?.p95 ?? NaN, encodeMs?.p99 ?? NaN]),
        'encode percentiles that rise',
        JSON.stringify(encodeMs),
      );
      expect((stepMs?.p50 ?? 0) > 0, 'step_ms.p50 above 0', stepMs?.p50);
      expect(frames >= 25, 'at least the 25 frames just seen', frames);
      const share = frames === 0 ? 0 : lateFrames / frames;
      expect(Math.abs(lateShare - share) < 1e-3, `late_share ${share.toFixed(4)}`, lateShare);
      expectSame('sessions', 1, health.sessions);
      expectSame('slots', lab.describe.slots, health.slots);
      expect(
        !health.draining && !health.quarantined,
        'neither draining nor quarantined',
        JSON.stringify(health),
      );
      expect(health.memoryBytes > 1_000_000, 'memory_bytes of a process', health.memoryBytes);
      expect(health.uptimeS > before.uptimeS, `an uptime above ${before.uptimeS} s`, health.uptimeS);
    },
  },
];

function expectCumulative(reports: readonly SessionReport[]): void {
  reports.forEach((report, i) => {
    const before = reports[i - 1];
    if (before === undefined) return;
    expect(report.seq > before.seq, `seq above ${before.seq}`, report.seq, CONTRACT.reportSeq);
    for (const counter of ['frames', 'lateFrames', 'activeMs'] as const) {
      expect(
        report[counter] >= before[counter],
        `${counter} of at least ${before[counter]}`,
        report[counter],
      );
    }
  });
}
