import type { OpenSession, SessionRepository } from '@meridian/application';
import { SESSION_STATES } from '@meridian/domain';
import { createMetrics, type Counter, type Gauge, type Histogram, type Metrics } from '@meridian/telemetry';

export interface ControlPlaneMetrics extends Metrics {
  /** Labels: method, route (its pattern), status. */
  readonly httpSeconds: Histogram;
  /** Labels: region (or `none`), outcome (`placed`, `queued`, `rejected`, `replaced`). */
  readonly placements: Counter;
  /** Labels: region. */
  readonly heartbeats: Counter;
  /** Labels: method, code (gRPC status name). */
  readonly fleetCalls: Counter;
  /** Labels: state. */
  readonly sessions: Gauge;
  readonly queueLength: Gauge;
  /** Labels: job, outcome (`ok`, `failed`). */
  readonly jobs: Counter;
  readonly jobSeconds: Histogram;
}

export function createControlPlaneMetrics(): ControlPlaneMetrics {
  const metrics = createMetrics({ service: 'control-plane' });
  return {
    ...metrics,
    httpSeconds: metrics.histogram({
      name: 'meridian_http_request_seconds',
      help: 'Time from a request to the end of its answer.',
      labels: ['method', 'route', 'status'],
    }),
    placements: metrics.counter({
      name: 'meridian_placements_total',
      help: 'Placements by region and outcome.',
      labels: ['region', 'outcome'],
    }),
    heartbeats: metrics.counter({
      name: 'meridian_heartbeats_total',
      help: 'Heartbeats received from workers.',
      labels: ['region'],
    }),
    fleetCalls: metrics.counter({
      name: 'meridian_fleet_calls_total',
      help: 'gRPC calls of workers and gateways.',
      labels: ['method', 'code'],
    }),
    sessions: metrics.gauge({
      name: 'meridian_sessions',
      help: 'Sessions that have not ended.',
      labels: ['state'],
    }),
    queueLength: metrics.gauge({ name: 'meridian_queue_length', help: 'Sessions waiting for a slot.' }),
    jobs: metrics.counter({ name: 'meridian_jobs_total', help: 'Job runs.', labels: ['job', 'outcome'] }),
    jobSeconds: metrics.histogram({
      name: 'meridian_job_seconds',
      help: 'Time of a job run.',
      labels: ['job'],
    }),
  };
}

/** Counts what became of every open: `placed` or `queued`, or why it was refused. A replay is not counted again. */
export const countOpens =
  (openSession: OpenSession, { placements }: ControlPlaneMetrics): OpenSession =>
  async (command) => {
    const outcome = await openSession(command);
    if (outcome.kind !== 'opened') placements.inc({ region: 'none', outcome: outcome.kind });
    else if (!outcome.replayed) {
      const { lease } = outcome.session;
      placements.inc({ region: lease?.region ?? 'none', outcome: lease ? 'placed' : 'queued' });
    }
    return outcome;
  };

/** Sets the gauges of sessions from the record; done when metrics are read, at most every few seconds. */
export async function measureSessions(
  sessions: SessionRepository,
  metrics: ControlPlaneMetrics,
): Promise<void> {
  const counts = await sessions.countByState();
  for (const state of SESSION_STATES) {
    if (state !== 'ended') metrics.sessions.set({ state }, counts[state] ?? 0);
  }
  metrics.queueLength.set(counts.queued ?? 0);
}
