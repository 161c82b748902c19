import { createMetrics, type Metrics } from '@meridian/telemetry';
import type { Session } from './engine/session.ts';

export interface WorkerMetrics {
  readonly metrics: Metrics;
  stepped(ms: number, sessions: number): void;
  encoded(ms: number): void;
  frameSent(late: boolean): void;
  skipped(frames: number): void;
  modelFault(): void;
  fleetCallFailed(): void;
  sessions(sessions: readonly Session[]): void;
  ended(reason: string): void;
}

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
  const steps = metrics.counter({
    name: 'meridian_session_steps_total',
    help: 'Sessions stepped, batches unrolled',
  });
  const frames = metrics.counter({ name: 'meridian_frames_sent_total', help: 'Frames handed to a stream' });
  const late = metrics.counter({
    name: 'meridian_frames_late_total',
    help: 'Frames sent after the next was due',
  });
  const skipped = metrics.counter({ name: 'meridian_frames_skipped_total', help: 'Frames never stepped' });
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
    frameSent: (isLate) => {
      frames.inc();
      if (isLate) late.inc();
    },
    skipped: (count) => skipped.inc(count),
    modelFault: () => faults.inc(),
    fleetCallFailed: () => failed.inc(),
    sessions: (live) => {
      for (const activity of ['connecting', 'active', 'held'] as const) {
        sessions.set({ activity }, live.filter((session) => session.activity === activity).length);
      }
    },
  };
}
