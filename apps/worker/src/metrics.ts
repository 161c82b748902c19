import { createMetrics, type Metrics } from '@meridian/telemetry';
import type { SentFrame } from './engine/ports.ts';
import type { Session } from './engine/session.ts';

export interface WorkerMetrics {
  readonly metrics: Metrics;
  stepped(ms: number, sessions: number): void;
  encoded(ms: number): void;
  frameSent(frame: SentFrame): void;
  skipped(frames: number): void;
  reanchored(sessions: number): void;
  modelFault(): void;
  fleetCallFailed(): void;
  sessions(sessions: readonly Session[]): void;
  ended(reason: string): void;
}

/** Fine about the deadline: a density bench reads percentiles from it. The same in every worker kit. */
const FRAME_MS_BUCKETS = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
  ...[22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 45, 50, 60, 80, 100, 200, 500],
];
const MS_BUCKETS = [0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 40, 60, 100, 250, 1_000];

export function workerMetrics(region: string): WorkerMetrics {
  const metrics = createMetrics({ service: 'worker', region });
  const step = metrics.histogram({
    name: 'meridian_step_ms',
    help: 'A step of a whole batch',
    buckets: MS_BUCKETS,
  });
  const encode = metrics.histogram({
    name: 'meridian_encode_ms',
    help: 'A frame to an image',
    buckets: MS_BUCKETS,
  });
  const frame = metrics.histogram({
    name: 'meridian_frame_ms',
    help: 'From a frame being due until it was handed to its stream',
    buckets: FRAME_MS_BUCKETS,
  });
  const steps = metrics.counter({
    name: 'meridian_session_steps_total',
    help: 'Sessions stepped, batches unrolled',
  });
  const frames = metrics.counter({ name: 'meridian_frames_sent_total', help: 'Frames handed to a stream' });
  const late = metrics.counter({
    name: 'meridian_frames_late_total',
    help: 'Frames sent after their deadline',
  });
  const skipped = metrics.counter({ name: 'meridian_frames_skipped_total', help: 'Frames never stepped' });
  const reanchors = metrics.counter({
    name: 'meridian_worker_reanchors_total',
    help: 'Sessions that drifted and were pulled back to an anchor',
  });
  const faults = metrics.counter({ name: 'meridian_model_faults_total', help: 'Steps that failed or hung' });
  const failed = metrics.counter({
    name: 'meridian_fleet_calls_failed_total',
    help: 'Control plane calls without answer',
  });
  const sessions = metrics.gauge({
    name: 'meridian_sessions',
    help: 'Sessions on this worker',
    labels: ['activity'],
  });
  const slowed = metrics.gauge({
    name: 'meridian_sessions_slowed',
    help: 'Sessions that are sent less because their clients do not keep up',
  });
  const ended = metrics.counter({
    name: 'meridian_sessions_ended_total',
    help: 'Sessions that ended on this worker',
    labels: ['reason'],
  });
  return {
    metrics,
    ended: (reason) => ended.inc({ reason }),
    stepped: (ms, count) => {
      step.observe(ms);
      steps.inc(count);
    },
    encoded: (ms) => encode.observe(ms),
    frameSent: (sent) => {
      frame.observe(sent.dueToSentMs);
      frames.inc();
      if (sent.late) late.inc();
    },
    skipped: (count) => skipped.inc(count),
    reanchored: (count) => reanchors.inc(count),
    modelFault: () => faults.inc(),
    fleetCallFailed: () => failed.inc(),
    sessions: (live) => {
      for (const activity of ['connecting', 'active', 'held'] as const) {
        sessions.set({ activity }, live.filter((session) => session.activity === activity).length);
      }
      slowed.set(live.filter(({ stream }) => stream?.slowed).length);
    },
  };
}
