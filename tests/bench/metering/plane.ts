// The metering of a control plane in a process of its own, so that its CPU time is its own: it takes heartbeats into
// Redis, and its jobs bring what changed to PostgreSQL and add it up, at the intervals that the control plane has.
import {
  makeCutHours,
  makeFlushMeters,
  makeRollUpUsage,
  StoreUnavailable,
  type ApplyOutcome,
} from '@meridian/application';
import type { MeterReading, SessionId } from '@meridian/domain';
import { Database, PostgresUsageHours, PrismaUsageRepository } from '@meridian/postgres';
import {
  connectRedis,
  RedisLiveMeters,
  RedisWorkerRegistry,
  RegionRedises,
  whenReady,
} from '@meridian/redis';
import { NotedIncidents } from '@meridian/testkit/world';
import { setTimeout as delay } from 'node:timers/promises';
import { REGION, ReportingWorker, type CrowdPlan } from './crowd.ts';

export interface PlanePlan extends CrowdPlan {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Between two reports of one worker. */
  readonly beatMs: number;
  readonly measuredMs: number;
}

export interface PlaneResult {
  readonly tookMs: number;
  readonly heartbeats: number;
  /** Heartbeats that Redis did not answer in time; what they said is in the worker's next. */
  readonly lost: number;
  /** Readings that arrived, in those heartbeats. */
  readonly readings: number;
  readonly applied: number;
  readonly setAside: number;
  /** Of this process while it was measured: user and system. */
  readonly cpuMs: number;
  /** From the arrival of a reading until it, or a newer one of the session, was stored, ms. */
  readonly lagMsP50: number;
  readonly lagMsP99: number;
  readonly lagMsMax: number;
  /** The longest that any counters had waited, looked at ten times a second. */
  readonly waitedMsMax: number;
  /** Time of one heartbeat in Redis, as its sender sees it. */
  readonly beatMsP99: number;
  /** How long it took to store all that had changed, once no more came. */
  readonly drain: { readonly readings: number; readonly tookMs: number };
  readonly rolledUp: number;
}

const READY_MS = 10_000;
const FLUSH_MS = 5_000;
const ROLL_UP_MS = 15_000;
const LOOK_MS = 100;
const REGISTER_AT_ONCE = 20;
/** An answer of Redis is later than the reading in it by less than this. */
const ANSWERED_MS = 2_000;

/** Tells what was applied, and when. */
class NotedUsage extends PrismaUsageRepository {
  readonly #note: (readings: readonly MeterReading[], outcome: ApplyOutcome) => void;

  constructor(database: Database, note: (readings: readonly MeterReading[], outcome: ApplyOutcome) => void) {
    super(database);
    this.#note = note;
  }

  override async apply(readings: readonly MeterReading[]): Promise<ApplyOutcome> {
    const outcome = await super.apply(readings);
    this.#note(readings, outcome);
    return outcome;
  }
}

class Plane {
  readonly #plan: PlanePlan;
  readonly #database: Database;
  readonly #redises: RegionRedises;
  readonly #registry: RedisWorkerRegistry;
  readonly #meters: RedisLiveMeters;
  readonly #workers: readonly ReportingWorker[];
  readonly #lags = new Tally();
  readonly #waits = new Waits();
  readonly #beats = new Tally();
  readonly #incidents = new NotedIncidents();
  #isOver = false;
  #isMeasured = false;
  #heartbeats = 0;
  #readings = 0;
  #lost = 0;
  #waitedMsMax = 0;
  #rolledUp = 0;
  readonly #outcome = { applied: 0, setAside: 0 };

  constructor(plan: PlanePlan, redises: RegionRedises) {
    this.#plan = plan;
    this.#redises = redises;
    this.#database = new Database({ url: plan.databaseUrl });
    // As many heartbeats as a lease outlives in a control plane, where workers beat every second.
    this.#registry = new RedisWorkerRegistry(redises, {
      leaseTtlMs: 15 * plan.beatMs,
      staleMs: 3 * plan.beatMs,
    });
    this.#meters = new RedisLiveMeters(redises);
    const count = Math.ceil(plan.sessions / plan.slots);
    this.#workers = Array.from({ length: count }, (_, number) => new ReportingWorker(number, plan));
  }

  /** Every worker is known, and its sessions have their leases; what they have used is not told yet. */
  async register(): Promise<void> {
    for (let from = 0; from < this.#workers.length; from += REGISTER_AT_ONCE) {
      const some = this.#workers.slice(from, from + REGISTER_AT_ONCE);
      await Promise.all(some.map((worker) => this.#registry.register(worker.registration)));
      await Promise.all(some.map((worker) => this.#registry.heartbeat(worker.beat(this.#plan.startedAtMs))));
    }
    // These heartbeats were to make the leases: what they said of the counters is not waited for.
    await this.#redises.call(REGION, (redis, root) => redis.del(`${root}:changed`));
  }

  async run(): Promise<PlaneResult> {
    const jobs = [this.#flushing(), this.#rollingUp(), this.#looking()];
    this.#isMeasured = true;
    const [beganMs, cpu] = [performance.now(), process.cpuUsage()];
    await this.#beating(beganMs);
    const tookMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpu);
    const { applied, setAside } = this.#outcome;
    this.#isMeasured = false;
    this.#isOver = true;
    await Promise.all(jobs);
    const drain = await this.#drain();
    return {
      ...{
        tookMs,
        lost: this.#lost,
        heartbeats: this.#heartbeats,
        readings: this.#readings,
        applied,
        setAside,
      },
      ...{ cpuMs: (user + system) / 1_000, rolledUp: this.#rolledUp, drain, waitedMsMax: this.#waitedMsMax },
      ...{ lagMsP50: this.#lags.percentile(0.5), lagMsP99: this.#lags.percentile(0.99) },
      ...{ lagMsMax: this.#lags.percentile(1), beatMsP99: this.#beats.percentile(0.99) },
    };
  }

  async close(): Promise<void> {
    this.#redises.close();
    await this.#database.close();
  }

  /** Workers report one after the other, evenly spread, whether earlier ones were answered or not. */
  async #beating(beganMs: number): Promise<void> {
    const { beatMs, measuredMs } = this.#plan;
    const perMs = this.#workers.length / beatMs;
    const under = new Set<Promise<void>>();
    for (let sent = 0, nowMs = 0; nowMs < measuredMs; nowMs = performance.now() - beganMs) {
      for (; sent < nowMs * perMs; sent++) {
        const beating = this.#beat(this.#workers[sent % this.#workers.length]);
        under.add(beating);
        void beating.finally(() => under.delete(beating));
      }
      await delay(5);
    }
    await Promise.all(under);
  }

  async #beat(worker: ReportingWorker | undefined): Promise<void> {
    if (!worker) return;
    const askedMs = performance.now();
    const beat = worker.beat(Date.now());
    const outcome = await this.#registry.heartbeat(beat).catch(unlessAway);
    if (outcome?.kind === 'unknown') throw new Error('a worker was not known');
    if (!this.#isMeasured) return;
    if (!outcome) this.#lost += 1;
    if (!outcome) return;
    for (const { sessionId } of beat.sessions) this.#waits.arrived(sessionId);
    this.#beats.add(performance.now() - askedMs);
    this.#heartbeats += 1;
    this.#readings += beat.sessions.length;
  }

  async #flushing(): Promise<void> {
    const flush = makeFlushMeters(this.#ports());
    await this.#every(FLUSH_MS, () => flush());
  }

  async #rollingUp(): Promise<void> {
    const usageHours = new PostgresUsageHours(this.#database);
    const ports = { usage: this.#ports().usage, clock: { nowMs: () => Date.now() } };
    const [rollUp, cutHours] = [makeRollUpUsage({ usageHours }), makeCutHours(ports)];
    await this.#every(ROLL_UP_MS, async () => {
      await cutHours();
      this.#rolledUp += (await rollUp()).marks;
    });
  }

  async #looking(): Promise<void> {
    await this.#every(LOOK_MS, async () => {
      const firstMs = await this.#meters.oldestChangedMs(REGION).catch(unlessAway);
      if (!this.#isMeasured || firstMs === undefined) return;
      this.#waitedMsMax = Math.max(this.#waitedMsMax, Date.now() - firstMs);
    });
  }

  /** All that all sessions have to say at once, as after an outage of PostgreSQL. */
  async #drain(): Promise<PlaneResult['drain']> {
    const flush = makeFlushMeters(this.#ports());
    await flush();
    for (let from = 0; from < this.#workers.length; from += REGISTER_AT_ONCE) {
      const some = this.#workers.slice(from, from + REGISTER_AT_ONCE);
      await Promise.all(some.map((worker) => this.#beat(worker)));
    }
    const beganMs = performance.now();
    const { flushed } = await flush();
    return { readings: flushed, tookMs: performance.now() - beganMs };
  }

  async #every(ms: number, work: () => Promise<unknown>): Promise<void> {
    while (!this.#isOver) {
      const nextMs = performance.now() + ms;
      await work();
      while (!this.#isOver && performance.now() < nextMs) await delay(20);
    }
  }

  #ports() {
    const usage = new NotedUsage(this.#database, (readings, outcome) => this.#note(readings, outcome));
    const regions = [{ region: REGION, jurisdiction: 'us' }];
    return { meters: this.#meters, usage, regions, incidents: this.#incidents };
  }

  #note(readings: readonly MeterReading[], { applied, setAside }: ApplyOutcome): void {
    if (!this.#isMeasured) return;
    for (const { sessionId, atMs } of readings) this.#lags.add(this.#waits.stored(sessionId, atMs));
    this.#outcome.applied += applied;
    this.#outcome.setAside += setAside;
  }
}

function unlessAway(error: unknown): undefined {
  if (!(error instanceof StoreUnavailable)) throw error;
}

/**
 * Since when each session has something to say that is not stored. A reading that is overtaken by a newer one before it is
 * stored waits as long as that one: what it said is stored with it.
 */
class Waits {
  readonly #waiting = new Map<SessionId, { firstMs: number; lastMs: number }>();

  arrived(sessionId: SessionId): void {
    const nowMs = Date.now();
    const waiting = this.#waiting.get(sessionId);
    if (waiting) waiting.lastMs = nowMs;
    else this.#waiting.set(sessionId, { firstMs: nowMs, lastMs: nowMs });
  }

  /** How long the first of them has waited, ms. What arrived after the reading that was stored goes on waiting. */
  stored(sessionId: SessionId, atMs: number): number {
    const nowMs = Date.now();
    const waiting = this.#waiting.get(sessionId);
    if (!waiting) return nowMs - atMs;
    const waitedMs = nowMs - Math.min(waiting.firstMs, atMs);
    if (waiting.lastMs > atMs + ANSWERED_MS) waiting.firstMs = waiting.lastMs;
    else this.#waiting.delete(sessionId);
    return waitedMs;
  }
}

/** How often each whole ms was seen. */
class Tally {
  readonly #counts: number[] = [];
  #total = 0;

  add(ms: number): void {
    const at = Math.max(0, Math.round(ms));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
  }

  percentile(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (let ms = 0; ms < this.#counts.length; ms++) {
      left -= this.#counts[ms] ?? 0;
      if (left <= 0) return ms;
    }
    return 0;
  }
}

async function main(plan: PlanePlan): Promise<PlaneResult> {
  const connection = connectRedis(plan.redisUrl);
  if (!(await whenReady(connection, READY_MS))) throw new Error('Redis does not answer');
  const plane = new Plane(plan, new RegionRedises([{ region: REGION, jurisdiction: 'us', connection }]));
  await plane.register();
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const result = await plane.run();
  await plane.close();
  return result;
}

process.once('message', (plan: PlanePlan) => {
  void main(plan)
    .catch((error: unknown) => ({ problem: error instanceof Error ? error.stack : String(error) }))
    .then((answer) => process.send?.(answer, () => process.disconnect()));
});
