import type {
  BudgetWatch,
  CheckConservation,
  ClosePeriods,
  CutHours,
  DispatchQueue,
  ExpireSessions,
  FlushMeters,
  PostCharges,
  PrepareDays,
  PruneDemand,
  ReadMeteringLag,
  RecomputeGpuHours,
  RecordUptime,
  ResolveSetAside,
  RollUpUsage,
  SampleDemand,
  SendDueWebhooks,
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
  readonly cutHours: CutHours;
  readonly postCharges: PostCharges;
  readonly closePeriods: ClosePeriods;
  readonly watchBudgets: BudgetWatch;
  readonly rollUpUsage: RollUpUsage;
  readonly prepareDays: PrepareDays;
  readonly resolveSetAside: ResolveSetAside;
  readonly readMeteringLag: ReadMeteringLag;
  readonly recordUptime: RecordUptime;
  readonly recomputeGpuHours: RecomputeGpuHours;
  readonly checkConservation: CheckConservation;
  readonly sampleDemand: SampleDemand;
  readonly pruneDemand: PruneDemand;
  readonly sendDueWebhooks: SendDueWebhooks;
  readonly pruneWebhooks: () => Promise<number>;
  readonly flushIntervalMs: number;
  readonly metrics: ControlPlaneMetrics;
  readonly logger: Logger;
}

const OFTEN_MS = 500;
const EXPIRE_MS = 1_000;
const CUT_MS = 60_000;
/** The hour that is under way is made anew each time that sessions ended in it. */
const ROLL_UP_MS = 15_000;
const PREPARE_MS = 3_600_000;
const RESOLVE_MS = 60_000;
/** Twice a minute, so that no minute is left out. */
const SAMPLE_MS = 30_000;
const PRUNE_MS = 3_600_000;
const CHARGE_MS = 60_000;
const CLOSE_MS = 3_600_000;
const BUDGETS_MS = 30_000;
const RECOMPUTE_MS = 60_000;
/** Each hour is over at its own time; none is looked at more than this later. */
const CONSERVATION_MS = 900_000;
const WEBHOOKS_MS = 1_000;

export const makeJobs = (ports: JobPorts): readonly Job[] => [
  { name: 'take-lost-workers', everyMs: OFTEN_MS, run: () => takeLostWorkers(ports) },
  { name: 'dispatch-queue', everyMs: OFTEN_MS, run: () => dispatchQueue(ports) },
  { name: 'expire-sessions', everyMs: EXPIRE_MS, run: () => expireSessions(ports) },
  { name: 'flush-meters', everyMs: ports.flushIntervalMs, run: () => flushMeters(ports) },
  { name: 'cut-hours', everyMs: CUT_MS, run: () => ports.cutHours() },
  { name: 'roll-up-usage', everyMs: ROLL_UP_MS, run: () => rollUpUsage(ports) },
  { name: 'prepare-usage-days', everyMs: PREPARE_MS, run: () => ports.prepareDays() },
  { name: 'resolve-set-aside', everyMs: RESOLVE_MS, run: () => ports.resolveSetAside() },
  { name: 'record-uptime', everyMs: ports.flushIntervalMs, run: () => ports.recordUptime() },
  { name: 'recompute-gpu-hours', everyMs: RECOMPUTE_MS, run: () => ports.recomputeGpuHours() },
  { name: 'check-conservation', everyMs: CONSERVATION_MS, run: () => checkConservation(ports) },
  { name: 'post-charges', everyMs: CHARGE_MS, run: () => ports.postCharges() },
  { name: 'close-periods', everyMs: CLOSE_MS, run: () => ports.closePeriods() },
  { name: 'watch-budgets', everyMs: BUDGETS_MS, run: () => ports.watchBudgets() },
  { name: 'sample-demand', everyMs: SAMPLE_MS, run: () => ports.sampleDemand() },
  { name: 'prune-demand', everyMs: PRUNE_MS, run: () => ports.pruneDemand() },
  { name: 'send-webhooks', everyMs: WEBHOOKS_MS, run: () => ports.sendDueWebhooks() },
  { name: 'prune-webhooks', everyMs: PRUNE_MS, run: () => ports.pruneWebhooks() },
];

async function takeLostWorkers({ takeLostWorkers: take, logger }: JobPorts): Promise<void> {
  for (const { region, workerId, sessions } of await take()) {
    logger.warn({ region, workerId, sessions }, 'worker lost');
  }
}

/** M3. What does not add up is money that nobody accounts for: an error, with GPU and hour, each time it is found. */
async function checkConservation({ checkConservation: check, logger, metrics }: JobPorts): Promise<void> {
  for (const { found, checked } of await check()) {
    metrics.conservationChecks.inc({}, checked);
    for (const { workerId, incarnation, pool, currency, hourMs, differenceNano } of found) {
      metrics.conservationBreaches.inc({ region: pool.split('/', 1)[0] ?? '' });
      const where = { workerId, incarnation, pool, hour: new Date(hourMs).toISOString() };
      logger.error(
        { ...where, currency, differenceNano: String(differenceNano) },
        'a GPU hour does not add up',
      );
    }
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

/** Readings that are set aside are somebody's usage that is not billed: an operator should look. */
async function flushMeters({ flushMeters: flush, logger, metrics }: JobPorts): Promise<void> {
  const { applied, setAside } = await flush();
  metrics.readings.inc({ outcome: 'applied' }, applied);
  metrics.readings.inc({ outcome: 'set_aside' }, setAside);
  if (setAside > 0) logger.warn({ setAside }, 'readings set aside');
}

async function rollUpUsage({ rollUpUsage: rollUp, readMeteringLag, metrics }: JobPorts): Promise<void> {
  await rollUp();
  const { flushMs, rollUpMs } = await readMeteringLag();
  metrics.meteringLagSeconds.set({ stage: 'roll_up', region: '' }, rollUpMs / 1_000);
  for (const [region, ms] of flushMs) {
    metrics.meteringLagSeconds.set({ stage: 'flush', region }, ms / 1_000);
  }
}
