import type { OpenSession, SessionRepository, WorkerRegistry } from '@meridian/application';
import { SESSION_STATES, type RegionId } from '@meridian/domain';
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
  /** Labels: region, worker. */
  readonly workerStepMs: Gauge;
  readonly workerEncodeMs: Gauge;
  readonly workerLateShare: Gauge;
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
    workerStepMs: metrics.gauge({
      name: 'meridian_fleet_step_ms_p95',
      help: 'Time of a step on each worker, as its newest heartbeat says.',
      labels: ['region', 'worker'],
    }),
    workerEncodeMs: metrics.gauge({
      name: 'meridian_fleet_encode_ms_p95',
      help: 'From the end of a frame’s step until it was handed to the transport, on each worker.',
      labels: ['region', 'worker'],
    }),
    workerLateShare: metrics.gauge({
      name: 'meridian_fleet_late_share',
      help: 'Share of the frames of the last ten seconds that missed their deadline, on each worker.',
      labels: ['region', 'worker'],
    }),
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

/** Sets the gauges of workers from the registry; a lost worker, or one of a region that is away, has none. */
export async function measureWorkers(
  registry: WorkerRegistry,
  regions: readonly RegionId[],
  { workerStepMs, workerEncodeMs, workerLateShare }: ControlPlaneMetrics,
): Promise<void> {
  const lists = await Promise.all(regions.map((region) => registry.list(region).catch(() => [])));
  for (const gauge of [workerStepMs, workerEncodeMs, workerLateShare]) gauge.reset();
  for (const { region, workerId, health, pace } of lists.flat()) {
    if (health === 'lost') continue;
    const labels = { region, worker: workerId };
    workerStepMs.set(labels, pace.stepMsP95);
    workerEncodeMs.set(labels, pace.encodeMsP95);
    workerLateShare.set(labels, pace.lateShare);
  }
}
