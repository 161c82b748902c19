import type {
  DispatchQueue,
  ExpireSessions,
  FlushMeters,
  PruneDemand,
  RecordUptime,
  SampleDemand,
  TakeLostWorkers,
} from '@meridian/application';
import type { Logger } from '@meridian/telemetry';
import { measureWait, type ControlPlaneMetrics } from '../metrics.ts';
import type { Job } from './job-runner.ts';

export interface JobPorts {
  readonly takeLostWorkers: TakeLostWorkers;
  readonly dispatchQueue: DispatchQueue;
  readonly expireSessions: ExpireSessions;
  readonly flushMeters: FlushMeters;
  readonly recordUptime: RecordUptime;
  readonly sampleDemand: SampleDemand;
  readonly pruneDemand: PruneDemand;
  readonly flushIntervalMs: number;
  readonly metrics: ControlPlaneMetrics;
  readonly logger: Logger;
}

const OFTEN_MS = 500;
const EXPIRE_MS = 1_000;
/** Twice a minute, so that no minute is left out. */
const SAMPLE_MS = 30_000;
const PRUNE_MS = 3_600_000;

export const makeJobs = (ports: JobPorts): readonly Job[] => [
  { name: 'take-lost-workers', everyMs: OFTEN_MS, run: () => takeLostWorkers(ports) },
  { name: 'dispatch-queue', everyMs: OFTEN_MS, run: () => dispatchQueue(ports) },
  { name: 'expire-sessions', everyMs: EXPIRE_MS, run: () => expireSessions(ports) },
  { name: 'flush-meters', everyMs: ports.flushIntervalMs, run: () => ports.flushMeters() },
  { name: 'record-uptime', everyMs: ports.flushIntervalMs, run: () => ports.recordUptime() },
  { name: 'sample-demand', everyMs: SAMPLE_MS, run: () => ports.sampleDemand() },
  { name: 'prune-demand', everyMs: PRUNE_MS, run: () => ports.pruneDemand() },
];

async function takeLostWorkers({ takeLostWorkers: take, logger }: JobPorts): Promise<void> {
  for (const { region, workerId, sessions } of await take()) {
    logger.warn({ region, workerId, sessions }, 'worker lost');
  }
}

async function dispatchQueue({ dispatchQueue: dispatch, logger, metrics }: JobPorts): Promise<void> {
  const { dispatched } = await dispatch();
  for (const session of dispatched) {
    const { request, lease } = session;
    const { sessionId, traceId } = request;
    measureWait(session, metrics);
    metrics.placements.inc({ region: lease?.region ?? 'none', outcome: 'placed' });
    logger.info(
      { sessionId, traceId, region: lease?.region, workerId: lease?.workerId },
      'session left the queue',
    );
  }
}

async function expireSessions({ expireSessions: expire, logger }: JobPorts): Promise<void> {
  const outcome = await expire();
  if (Object.values(outcome).some((count) => count > 0)) logger.info({ ...outcome }, 'sessions expired');
}
