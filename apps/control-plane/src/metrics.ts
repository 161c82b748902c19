import type {
  AdviseCapacity,
  ClaimPairing,
  OpenSession,
  SessionRepository,
  WorkerRegistry,
} from '@meridian/application';
import { SESSION_STATES, type RegionId, type Session } from '@meridian/domain';
import { createMetrics, type Counter, type Gauge, type Histogram, type Metrics } from '@meridian/telemetry';

export interface ControlPlaneMetrics extends Metrics {
  /** Labels: method, route (its pattern), status. */
  readonly httpSeconds: Histogram;
  /** Labels: region (or `none`), outcome (`placed`, `queued`, `rejected`, `replaced`). */
  readonly placements: Counter;
  /** Labels: outcome (`paired`, or why not). */
  readonly pairingClaims: Counter;
  /** Labels: region. */
  readonly heartbeats: Counter;
  /** Labels: region. */
  readonly quarantines: Counter;
  /** Labels: method, code (gRPC status name). */
  readonly fleetCalls: Counter;
  /** Labels: state. */
  readonly sessions: Gauge;
  readonly queueLength: Gauge;
  /** Labels: model. */
  readonly queueEtaErrorMs: Histogram;
  readonly queueEtaRatio: Histogram;
  readonly queueWaitMs: Histogram;
  /** Labels: region, worker. */
  readonly workerStepMs: Gauge;
  readonly workerEncodeMs: Gauge;
  readonly workerLateShare: Gauge;
  /** Labels: region, pool. */
  readonly wantedSlots: Gauge;
  readonly wantedWorkers: Gauge;
  readonly forecastSlots: Gauge;
  readonly forecastErrorSlots: Gauge;
  /** Labels: outcome (`delivered`, `failed`, `given_up`, `disabled`). */
  readonly webhookDeliveries: Counter;
  readonly conservationChecks: Counter;
  /** Labels: region. */
  readonly conservationBreaches: Counter;
  /** Labels: outcome (`applied`, `set_aside`). */
  readonly readings: Counter;
  /** Labels: stage (`flush`, `roll_up`), region (of `flush`). */
  readonly meteringLagSeconds: Gauge;
  /** Labels: job, outcome (`ok`, `failed`). */
  readonly jobs: Counter;
  readonly jobSeconds: Histogram;
}

const ETA_ERROR_MS = [
  -300_000, -60_000, -30_000, -10_000, -5_000, -2_000, -1_000, 0, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
  300_000,
];
const ETA_RATIO = [0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4, 2, 4, 10];
const QUEUE_WAIT_MS = [
  500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
];

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
    pairingClaims: metrics.counter({
      name: 'meridian_pairing_claims_total',
      help: 'Attempts to join a session with a code; many of not_found or too_many_attempts are guesses.',
      labels: ['outcome'],
    }),
    heartbeats: metrics.counter({
      name: 'meridian_heartbeats_total',
      help: 'Heartbeats received from workers.',
      labels: ['region'],
    }),
    quarantines: metrics.counter({
      name: 'meridian_worker_quarantines_total',
      help: 'Workers that were given no new sessions because too many of their frames came late.',
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
    queueEtaErrorMs: metrics.histogram({
      name: 'meridian_queue_eta_error_ms',
      help: 'The wait that a session was told when it was queued, less its actual wait; above 0: it waited less.',
      labels: ['model'],
      buckets: ETA_ERROR_MS,
    }),
    queueEtaRatio: metrics.histogram({
      name: 'meridian_queue_eta_ratio',
      help: 'Actual wait of a session that got a slot, for each told: below 1, it waited less.',
      labels: ['model'],
      buckets: ETA_RATIO,
    }),
    queueWaitMs: metrics.histogram({
      name: 'meridian_queue_wait_ms',
      help: 'Wait of sessions that got a slot from the queue.',
      labels: ['model'],
      buckets: QUEUE_WAIT_MS,
    }),
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
    wantedSlots: metrics.gauge({
      name: 'meridian_wanted_slots',
      help: 'Warm slots, busy and free, that the pool should have when a worker ordered now is ready.',
      labels: ['region', 'pool'],
    }),
    wantedWorkers: metrics.gauge({
      name: 'meridian_wanted_workers',
      help: 'Workers that the pool should have when one ordered now is ready.',
      labels: ['region', 'pool'],
    }),
    forecastSlots: metrics.gauge({
      name: 'meridian_forecast_slots',
      help: 'Busy and queued slots that are expected when a worker ordered now is ready.',
      labels: ['region', 'pool'],
    }),
    forecastErrorSlots: metrics.gauge({
      name: 'meridian_forecast_error_slots',
      help: 'Standard deviation of the forecast, from how far earlier ones were off.',
      labels: ['region', 'pool'],
    }),
    webhookDeliveries: metrics.counter({
      name: 'meridian_webhook_deliveries_total',
      help: 'Attempts to deliver an event to a webhook.',
      labels: ['outcome'],
    }),
    conservationChecks: metrics.counter({
      name: 'meridian_conservation_checks_total',
      help: 'GPU hours whose bill was added up again from what sessions paid and what stood idle.',
      labels: [],
    }),
    conservationBreaches: metrics.counter({
      name: 'meridian_conservation_breaches_total',
      help: 'GPU hours that did not add up to their bill when they were last looked at.',
      labels: ['region'],
    }),
    readings: metrics.counter({
      name: 'meridian_readings_total',
      help: 'Readings of meters that were stored, or set aside with a reason.',
      labels: ['outcome'],
    }),
    meteringLagSeconds: metrics.gauge({
      name: 'meridian_metering_lag_seconds',
      help: 'How long the oldest counters have waited to be stored, and the oldest segments to be added up.',
      labels: ['stage', 'region'],
    }),
    jobs: metrics.counter({ name: 'meridian_jobs_total', help: 'Job runs.', labels: ['job', 'outcome'] }),
    jobSeconds: metrics.histogram({
      name: 'meridian_job_seconds',
      help: 'Time of a job run.',
      labels: ['job'],
    }),
  };
}

/** Compares the wait of a session that has just left the queue for a slot with what it was told. */
export function measureWait(
  { request: { model }, createdAtMs, updatedAtMs, toldWait }: Session,
  { queueWaitMs, queueEtaErrorMs, queueEtaRatio }: ControlPlaneMetrics,
): void {
  const waitedMs = updatedAtMs - createdAtMs;
  queueWaitMs.observe({ model }, waitedMs);
  if (!toldWait) return;
  queueEtaErrorMs.observe({ model }, toldWait.etaMs - waitedMs);
  queueEtaRatio.observe({ model }, waitedMs / toldWait.etaMs);
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

/** Counts what became of every pairing code that was typed in. */
export const countClaims =
  (claim: ClaimPairing, { pairingClaims }: ControlPlaneMetrics): ClaimPairing =>
  async (command) => {
    const outcome = await claim(command);
    pairingClaims.inc({ outcome: outcome.kind });
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

/** Sets the gauges of what each pool should have; a pool that is gone has none. */
export async function measureCapacity(advise: AdviseCapacity, metrics: ControlPlaneMetrics): Promise<void> {
  const pools = await advise();
  const { wantedSlots, wantedWorkers, forecastSlots, forecastErrorSlots } = metrics;
  for (const gauge of [wantedSlots, wantedWorkers, forecastSlots, forecastErrorSlots]) gauge.reset();
  for (const advice of pools) {
    const labels = { region: advice.region, pool: advice.pool };
    wantedSlots.set(labels, advice.wantedSlots);
    wantedWorkers.set(labels, advice.wantedWorkers);
    forecastSlots.set(labels, advice.forecast.mean);
    forecastErrorSlots.set(labels, advice.forecast.error);
  }
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
