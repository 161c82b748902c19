// Jobs run on one replica at a time: BullMQ's queue in the first region's Redis hands each run to one of them. While
// that Redis is away every replica runs them by itself, for one region's outage must not stop the others' jobs; all
// jobs are safe to run twice.
import { Queue, Worker, type Job as QueueJob } from 'bullmq';
import type { JobRun, JobRuns } from '@meridian/application';
import { bullConnection } from '@meridian/redis';
import type { Logger } from '@meridian/telemetry';
import type { ControlPlaneMetrics } from '../metrics.ts';

export interface Job {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<unknown>;
}

export interface JobRunnerPorts {
  readonly jobs: readonly Job[];
  /** Where the queue lives: the first region's Redis. */
  readonly redisUrl: string;
  /** Looks at every region's store; true when the queue's Redis answers. Called twice a second. */
  readonly look: () => Promise<boolean>;
  /** Where it is noted what became of runs. */
  readonly runs: Pick<JobRuns, 'note'>;
  readonly metrics: ControlPlaneMetrics;
  readonly logger: Logger;
}

const QUEUE = 'control-plane';
const LOOK_MS = 500;
const SCHEDULE_CHECK_MS = 2_000;
const CLOSE_MS = 1_500;
/** Jobs begin within this, each at its own moment: multiples of the golden ratio spread any number of them. */
const SPREAD_MS = 5_000;
const GOLDEN_RATIO = 0.618034;
/** A job that succeeds many times a second is not noted each time. */
export const NOTE_EVERY_MS = 5_000;

export class JobRunner {
  readonly #ports: JobRunnerPorts;
  readonly #running = new Set<string>();
  readonly #lastLocalRunMs = new Map<string, number>();
  readonly #notedOkAtMs = new Map<string, number>();
  #queue: Queue | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #queueThere: boolean | undefined;
  #scheduledAtMs = 0;

  constructor(ports: JobRunnerPorts) {
    this.#ports = ports;
  }

  /** Returns at once; a Redis that is away is waited for in the background. */
  start(): void {
    const { redisUrl, jobs } = this.#ports;
    this.#queue = new Queue(QUEUE, bullConnection(redisUrl, 'producer'));
    this.#worker = new Worker(QUEUE, (job: QueueJob) => this.#run(job.name), {
      ...bullConnection(redisUrl, 'worker'),
      concurrency: jobs.length,
    });
    // Both report every failed reconnect; `look` says it once.
    this.#queue.on('error', () => undefined);
    this.#worker.on('error', () => undefined);
    this.#scheduleLook(0);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const closing = Promise.allSettled([
      this.#worker?.close(this.#queueThere !== true),
      this.#queue?.close(),
    ]);
    // A Redis that is away never answers the goodbye.
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    await Promise.race([closing, late]);
  }

  #scheduleLook(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#lookOnce()
        .catch((error: unknown) => this.#ports.logger.error({ err: error }, 'job queue failed'))
        .finally(() => {
          if (this.#timer) this.#scheduleLook(LOOK_MS);
        });
    }, delayMs);
  }

  async #lookOnce(): Promise<void> {
    const there = await this.#ports.look();
    if (there !== this.#queueThere) {
      this.#queueThere = there;
      this.#scheduledAtMs = 0;
      if (!there) this.#ports.logger.warn('the job queue is away: jobs run in every replica');
    }
    if (there) await this.#keepScheduled();
    else this.#runDue();
  }

  /** Puts back what the queue's Redis has lost; a schedule that is there keeps its rhythm. */
  async #keepScheduled(): Promise<void> {
    const queue = this.#queue;
    if (!queue || Date.now() - this.#scheduledAtMs < SCHEDULE_CHECK_MS) return;
    this.#scheduledAtMs = Date.now();
    const known = new Map((await queue.getJobSchedulers()).map(({ key, every }) => [key, Number(every)]));
    const missing = this.#ports.jobs.filter(({ name, everyMs }) => known.get(name) !== everyMs);
    const opts = { removeOnComplete: true, removeOnFail: { count: 20 } };
    for (const { name, everyMs } of missing) {
      const startDate = Date.now() + this.#phaseMs(name, everyMs);
      await queue.upsertJobScheduler(name, { every: everyMs, startDate }, { name, opts });
    }
  }

  /** Scheduled in one moment, all jobs would come due together from then on, and opens wait for the processor meanwhile. */
  #phaseMs(name: string, everyMs: number): number {
    const number = this.#ports.jobs.findIndex((job) => job.name === name);
    return Math.round(((number * GOLDEN_RATIO) % 1) * Math.min(everyMs, SPREAD_MS));
  }

  #runDue(): void {
    const nowMs = Date.now();
    for (const { name, everyMs } of this.#ports.jobs) {
      if (nowMs - (this.#lastLocalRunMs.get(name) ?? 0) < everyMs) continue;
      this.#lastLocalRunMs.set(name, nowMs);
      this.#run(name).catch(() => undefined);
    }
  }

  /** A run that is still going on in this process is not joined by the next. */
  async #run(name: string): Promise<void> {
    const job = this.#ports.jobs.find((candidate) => candidate.name === name);
    if (!job || this.#running.has(name)) return;
    this.#running.add(name);
    const { metrics, logger } = this.#ports;
    const stop = metrics.jobSeconds.startTimer({ job: name });
    const startedAtMs = Date.now();
    try {
      await job.run();
      metrics.jobs.inc({ job: name, outcome: 'ok' });
      await this.#note({ name, startedAtMs, tookMs: Date.now() - startedAtMs });
    } catch (error) {
      metrics.jobs.inc({ job: name, outcome: 'failed' });
      logger.warn({ err: error, job: name }, 'job failed');
      const reason = error instanceof Error ? error.message : String(error);
      await this.#note({ name, startedAtMs, tookMs: Date.now() - startedAtMs, error: reason.slice(0, 500) });
      throw error;
    } finally {
      stop();
      this.#running.delete(name);
    }
  }

  /** For people to see only: a record that is away takes nothing from the run. */
  async #note(run: JobRun): Promise<void> {
    const { name, startedAtMs, error } = run;
    if (error === undefined && startedAtMs - (this.#notedOkAtMs.get(name) ?? 0) < NOTE_EVERY_MS) return;
    if (error === undefined) this.#notedOkAtMs.set(name, startedAtMs);
    else this.#notedOkAtMs.delete(name);
    await this.#ports.runs.note(run).catch(() => undefined);
  }
}
