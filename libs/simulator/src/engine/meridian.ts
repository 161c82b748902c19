// Meridian's own use cases on virtual time, over the stores in memory (D1). Everything that decides is what the control
// plane runs: open-session, dispatch-queue, end-session, replace-session, expire-sessions, the heartbeats' and lost
// workers' use cases. This file only plays the users, the gateways and the machines.
//
// A worker beats when there is news: a session came or went. Between two beats nothing that a use case reads would change, so
// the beats that say nothing new are left out, and leases last until the next news. While something is amiss (an outage
// began or ended) every worker beats every second and every job runs at its own pace, as in life.
import {
  DEFAULT_POLICY,
  makeAdviseCapacity,
  StoreUnavailable,
  type AdviseCapacity,
  type SessionPolicy,
  type Tenant,
} from '@meridian/application';
import type { RegionId, Session, SessionId, WorkerId } from '@meridian/domain';
import { aTenant, makeWorld, tenantId, type World } from '@meridian/testkit/world';
import type { ArrivalResult, Contender, FleetSample, RunOptions, RunResult } from '../contender.ts';
import type { Scenario } from '../scenario.ts';
import type { Arrival, Outage, Traffic } from '../traffic/traffic.ts';
import { Bill } from './bill.ts';
import { EventQueue } from './event-queue.ts';
import { Fleet, MODEL, poolIn, type Gpu } from './fleet.ts';

export const MERIDIAN = 'meridian';

export const meridian: Contender = {
  name: MERIDIAN,
  run: async (scenario, traffic, options) => new MeridianRun(scenario, traffic, options).run(),
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** From the answer to an open to the client's first stream at the worker, ms. */
const CONNECT_MS = 500;
/** How often a gateway or client tries again, ms; a gateway notices within it that its worker is gone. */
const RETRY_MS = SECOND_MS;
/** As the control plane runs its jobs (apps/control-plane/src/jobs/jobs.ts), ms. */
const OFTEN_MS = 500;
/** The queue is looked at this often even if no slot came free, since caps relax with the wait, ms. */
const LOOK_MS = 5 * SECOND_MS;
/** Sessions that ended are kept this long for what looks back (queue estimates), ms. */
const REMEMBER_MS = 60 * MINUTE_MS;
/** Happenings between two breaths, in which signals and timers of this process get their turn. */
const BREATH = 2_000;
const NEVER_MS = Number.MAX_SAFE_INTEGER;

interface Placed {
  readonly index: number;
  readonly sessionId: SessionId;
  gpu: Gpu;
  /** On this GPU since then. */
  sinceMs: number;
}

class MeridianRun {
  readonly #scenario: Scenario;
  readonly #traffic: Traffic;
  readonly #options: RunOptions;
  readonly #policy: SessionPolicy;
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #bill: Bill;
  readonly #startMs: number;
  readonly #tenants: ReadonlyMap<string, Tenant>;
  readonly #events = new EventQueue();
  readonly #results: ArrivalResult[];
  readonly #samples: FleetSample[] = [];
  readonly #decisionNs: number[] = [];
  readonly #waiting = new Map<SessionId, number>();
  readonly #placed = new Map<SessionId, Placed>();
  readonly #news = new Set<Gpu>();
  readonly #ended: { readonly sessionId: SessionId; readonly atMs: number }[] = [];
  /** By the boot time that they look ahead, s. */
  readonly #advisers: ReadonlyMap<number, AdviseCapacity>;
  #migrations = 0;
  #dispatchPlanned = false;
  #lookPlanned = false;
  #beatsPlanned = false;
  #unrestUntilMs = -1;

  constructor(scenario: Scenario, traffic: Traffic, options: RunOptions) {
    this.#scenario = scenario;
    this.#traffic = traffic;
    this.#options = options;
    this.#policy = {
      ...DEFAULT_POLICY,
      ...{ idleMs: NEVER_MS, maxDurationMs: NEVER_MS, queueTtlMs: scenario.policy.maxWaitMs },
    };
    this.#world = makeWorld({
      ...{ seed: options.seed, policy: this.#policy },
      times: { leaseTtlMs: NEVER_MS / 2, staleMs: NEVER_MS },
      regions: scenario.regions.map(({ region, jurisdiction, latitude, longitude }) => ({
        ...{ region: region as RegionId, jurisdiction, location: { latitude, longitude } },
      })),
    });
    this.#startMs = this.#world.clock.nowMs();
    this.#bill = new Bill(traffic);
    this.#fleet = new Fleet(scenario, {
      ...{ world: this.#world, bill: this.#bill, nowMs: () => this.#nowMs },
      plan: (atMs, run) => this.#events.plan(atMs, run),
      onReady: () => this.#dispatchSoon(),
      onDrain: (gpu) => this.#tells(gpu),
    });
    const bootTimes = new Set(scenario.pools.map(({ bootS }) => bootS));
    this.#advisers = new Map(
      [...bootTimes].map((bootS) => [
        bootS,
        makeAdviseCapacity({ ...this.#world, supply: { bootMs: bootS * 1_000 } }),
      ]),
    );
    this.#tenants = new Map(
      scenario.traffic.tenants.map(({ tenant, weight }) => [
        tenant,
        aTenant({ tenantId: tenantId(tenant), maxSessions: NEVER_MS, weight }),
      ]),
    );
    this.#results = traffic.arrivals.map(() => ({ outcome: 'rejected' }));
  }

  async run(): Promise<RunResult> {
    const { arrivals, outages, endMs } = this.#traffic;
    const { model } = MODEL;
    await this.#world.modelPolicies.put({ model, policy: this.#scenario.policy, updatedAtMs: this.#startMs });
    for (const tenant of this.#tenants.values()) await this.#world.tenants.createTenant(tenant);
    await this.#fleet.begin();
    for (const [index, { atMs }] of arrivals.entries()) this.#events.plan(atMs, () => this.#arrive(index));
    for (const outage of outages) {
      this.#events.plan(outage.startMs, () => this.#begins(outage));
      this.#events.plan(outage.endMs, () => this.#ends(outage));
    }
    this.#events.plan(0, () => this.#everyMinute());
    let happened = 0;
    for (let next = this.#events.next(); next && next.atMs <= endMs; next = this.#events.next()) {
      this.#world.clock.advance(next.atMs - this.#nowMs);
      await next.run();
      happened += 1;
      if (happened % BREATH === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    this.#close();
    return {
      ...{ contender: MERIDIAN, arrivals: this.#results, samples: this.#samples, bill: this.#bill.sum() },
      ...{ migrations: this.#migrations, decisionNs: this.#decisionNs },
    };
  }

  get #nowMs(): number {
    return this.#world.clock.nowMs() - this.#startMs;
  }

  #after(ms: number, run: () => Promise<void> | void): void {
    this.#events.plan(this.#nowMs + ms, run);
  }

  async #arrive(index: number): Promise<void> {
    const { tenantId: tenant, rttMs, patienceMs } = this.#arrival(index);
    const beganMs = performance.now();
    const outcome = await this.#world.openSession({
      ...{ tenant: this.#tenants.get(tenant) ?? aTenant(), model: MODEL.model, rttMs, metadata: {} },
      ...(patienceMs === undefined ? {} : { maxWaitMs: patienceMs }),
    });
    this.#decisionNs.push(Math.round((performance.now() - beganMs) * 1e6));
    if (outcome.kind !== 'opened') return;
    const { session } = outcome;
    if (session.state === 'queued') this.#waits(index, session);
    else this.#place(index, session);
  }

  #arrival(index: number): Arrival {
    const arrival = this.#traffic.arrivals[index];
    if (!arrival) throw new Error(`no arrival ${index}`);
    return arrival;
  }

  #waits(index: number, session: Session): void {
    const { sessionId } = session.request;
    this.#waiting.set(sessionId, index);
    const etaMs = session.toldWait?.etaMs;
    this.#results[index] = { outcome: 'waiting', ...(etaMs === undefined ? {} : { etaMs }) };
    const { patienceMs } = this.#arrival(index);
    if (patienceMs !== undefined) this.#after(patienceMs, () => this.#givesUp(sessionId));
    for (const { afterMs } of this.#scenario.policy.latencySteps) {
      if (afterMs > 0) this.#after(afterMs + 1, () => this.#dispatchSoon());
    }
    this.#after(this.#policy.queueTtlMs + 1, () => this.#expires(sessionId));
    this.#dispatchSoon();
  }

  async #givesUp(sessionId: SessionId): Promise<void> {
    if (!this.#waiting.has(sessionId)) return;
    await this.#world.endSession({ sessionId, reason: 'client_ended' });
    this.#leftQueue(sessionId);
  }

  async #expires(sessionId: SessionId): Promise<void> {
    if (!this.#waiting.has(sessionId)) return;
    await this.#world.expireSessions();
    if (this.#session(sessionId)?.state === 'ended') this.#leftQueue(sessionId);
    else this.#after(LOOK_MS, () => this.#expires(sessionId));
  }

  #leftQueue(sessionId: SessionId): void {
    const index = this.#waiting.get(sessionId);
    if (index === undefined) return;
    this.#waiting.delete(sessionId);
    this.#results[index] = { ...this.#results[index], outcome: 'abandoned' };
    this.#forgetLater(sessionId);
  }

  #dispatchSoon(): void {
    if (this.#dispatchPlanned || this.#waiting.size === 0) return;
    this.#dispatchPlanned = true;
    this.#after(OFTEN_MS - (this.#nowMs % OFTEN_MS), () => this.#dispatch());
  }

  async #dispatch(): Promise<void> {
    this.#dispatchPlanned = false;
    const { dispatched } = await this.#world.dispatchQueue();
    for (const session of dispatched) {
      const index = this.#waiting.get(session.request.sessionId);
      this.#waiting.delete(session.request.sessionId);
      if (index !== undefined) this.#place(index, session);
    }
    this.#lookAgain();
  }

  /** Not only when a slot comes free: caps relax with the wait. */
  #lookAgain(): void {
    if (this.#lookPlanned || this.#waiting.size === 0) return;
    this.#lookPlanned = true;
    this.#after(LOOK_MS, () => {
      this.#lookPlanned = false;
      this.#dispatchSoon();
    });
  }

  #place(index: number, session: Session): void {
    const { sessionId } = session.request;
    const gpu = this.#gpuOf(session);
    if (!gpu) throw new Error(`session ${sessionId} is placed on no GPU of the run`);
    const { atMs, rttMs, durationMs } = this.#arrival(index);
    const { region } = gpu.pool;
    const at = { placedAtMs: Math.max(atMs, this.#nowMs), region, rttMs: rttMs[region] ?? NaN };
    this.#results[index] = { ...this.#results[index], outcome: 'placed', ...at };
    this.#placed.set(sessionId, { index, sessionId, gpu, sinceMs: this.#nowMs });
    this.#fleet.holds(gpu, sessionId);
    this.#after(CONNECT_MS, () => this.#connect(sessionId));
    this.#after(durationMs, () => this.#leave(sessionId));
  }

  /** The client's stream reaches the worker; a client whose worker is gone asks where to go and tries there. */
  async #connect(sessionId: SessionId): Promise<void> {
    const placed = this.#placed.get(sessionId);
    const session = this.#session(sessionId);
    if (!placed || !session) return;
    if (session.state === 'ended') return this.#lost(placed);
    this.#moveTo(placed, session);
    if (await this.#world.connect(session)) this.#tells(placed.gpu);
    else this.#after(RETRY_MS, () => this.#connect(sessionId));
  }

  async #leave(sessionId: SessionId): Promise<void> {
    const placed = this.#placed.get(sessionId);
    if (!placed) return;
    await this.#world.endSession({ sessionId, reason: 'client_ended' });
    this.#off(placed);
  }

  #lost(placed: Placed): void {
    this.#results[placed.index] = { ...this.#result(placed.index), lost: true };
    this.#off(placed);
  }

  #result(index: number): ArrivalResult {
    return this.#results[index] ?? { outcome: 'rejected' };
  }

  #off(placed: Placed): void {
    const { sessionId, gpu, sinceMs } = placed;
    this.#placed.delete(sessionId);
    this.#bill.used(gpu.pool, sinceMs, this.#nowMs);
    this.#fleet.frees(gpu, sessionId);
    this.#tells(gpu);
    this.#forgetLater(sessionId);
    this.#dispatchSoon();
  }

  /** It may have got another worker meanwhile. */
  #moveTo(placed: Placed, session: Session): void {
    const gpu = this.#gpuOf(session);
    if (!gpu || gpu === placed.gpu) return;
    this.#bill.used(placed.gpu.pool, placed.sinceMs, this.#nowMs);
    this.#fleet.frees(placed.gpu, placed.sessionId);
    this.#fleet.holds(gpu, placed.sessionId);
    Object.assign(placed, { gpu, sinceMs: this.#nowMs });
  }

  #gpuOf(session: Session): Gpu | undefined {
    return session.lease && this.#fleet.of(session.lease.workerId as WorkerId);
  }

  #session(sessionId: SessionId): Session | undefined {
    return this.#world.record.rows.get(sessionId)?.session;
  }

  #forgetLater(sessionId: SessionId): void {
    this.#ended.push({ sessionId, atMs: this.#nowMs });
  }

  /** The worker has something to say in its next beat. */
  #tells(gpu: Gpu): void {
    this.#news.add(gpu);
    if (this.#beatsPlanned) return;
    this.#beatsPlanned = true;
    this.#after(SECOND_MS - (this.#nowMs % SECOND_MS), async () => {
      this.#beatsPlanned = false;
      const news = [...this.#news];
      this.#news.clear();
      for (const gpu of news) await this.#beats(gpu);
      this.#dispatchSoon();
    });
  }

  /** A worker that hears in its beat that it is to drain, or no longer, says so in the next one. */
  async #beats(gpu: Gpu): Promise<void> {
    const before = gpu.worker?.draining;
    await gpu.worker?.beat();
    if (gpu.worker?.draining !== before) this.#tells(gpu);
  }

  #begins({ target }: Outage): Promise<void> | void {
    const gpus = this.#fleet.named(target).filter(({ state }) => state !== 'gone');
    return this.#crash(gpus, this.#regionNamed(target));
  }

  async #crash(gpus: readonly Gpu[], region: RegionId | undefined): Promise<void> {
    // Their silence begins now.
    for (const { worker } of gpus) await worker?.beat();
    for (const gpu of gpus) this.#fleet.crash(gpu);
    if (region) {
      this.#world.store(region).away = true;
      this.#fleet.setDown(region, true);
    }
    const untilMs = this.#nowMs + this.#policy.holdMs;
    for (const sessionId of gpus.flatMap(({ sessions }) => [...sessions])) {
      this.#after(RETRY_MS, () => this.#replace(sessionId, untilMs));
    }
    this.#unrest();
  }

  #ends({ target }: Outage): void {
    const region = this.#regionNamed(target);
    if (region) {
      this.#world.store(region).away = false;
      this.#fleet.setDown(region, false);
    }
    for (const gpu of this.#fleet.named(target).filter(({ state }) => state === 'gone'))
      this.#fleet.restart(gpu);
    this.#unrest();
  }

  #regionNamed(target: string): RegionId | undefined {
    return this.#scenario.regions.some(({ region }) => region === target) ? (target as RegionId) : undefined;
  }

  /** The gateway of a session whose worker is gone asks for another, for as long as the client is held. */
  async #replace(sessionId: SessionId, untilMs: number): Promise<void> {
    const placed = this.#placed.get(sessionId);
    const session = this.#session(sessionId);
    if (!placed || !session) return;
    if (session.state === 'ended') return this.#lost(placed);
    if (session.state === 'reserved') return;
    const { lease } = session;
    if (!lease) throw new Error(`session ${sessionId} runs without a lease`);
    try {
      const lost = { sessionId, lostEpoch: lease.epoch, lostWorkerId: lease.workerId };
      const outcome = await this.#world.replaceSession({ ...lost, planned: false });
      if (outcome.kind === 'ended') return this.#lost(placed);
      if (outcome.kind === 'replaced') {
        this.#migrations += 1;
        return this.#connect(sessionId);
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    if (this.#nowMs < untilMs) return this.#after(RETRY_MS, () => this.#replace(sessionId, untilMs));
    await this.#world.endSession({ sessionId, reason: 'region_lost' });
    this.#lost(placed);
  }

  /** For as long as something is amiss every worker beats and every job runs as in life. */
  #unrest(): void {
    const wasCalm = this.#unrestUntilMs < this.#nowMs;
    const { claimTtlMs, holdMs, workerSilentMs } = this.#policy;
    this.#unrestUntilMs = this.#nowMs + claimTtlMs + holdMs + 4 * workerSilentMs;
    if (wasCalm) this.#after(0, () => this.#live());
  }

  async #live(): Promise<void> {
    if (this.#nowMs % SECOND_MS === 0 || this.#nowMs === 0) {
      for (const { worker } of this.#fleet.alive) await worker?.beat();
      await this.#world.expireSessions();
    }
    await this.#world.takeLostWorkers();
    this.#dispatchSoon();
    if (this.#nowMs < this.#unrestUntilMs)
      this.#after(OFTEN_MS - (this.#nowMs % OFTEN_MS), () => this.#live());
  }

  async #everyMinute(): Promise<void> {
    this.#samples.push({ atMs: this.#nowMs, queued: this.#waiting.size, regions: this.#fleet.sample() });
    this.#options.onProgress?.(this.#nowMs / this.#traffic.endMs);
    await this.#world.sampleDemand();
    if (this.#scenario.autoscale) await this.#autoscale();
    while ((this.#ended[0]?.atMs ?? Infinity) < this.#nowMs - REMEMBER_MS) {
      const ended = this.#ended.shift();
      if (ended) this.#world.record.forget(ended.sessionId);
    }
    this.#after(MINUTE_MS, () => this.#everyMinute());
  }

  /** What the capacity advice wants of each pool is asked for, as the fleet part would. */
  async #autoscale(): Promise<void> {
    for (const [bootS, advise] of this.#advisers) {
      const advice = new Map(
        (await advise()).map(({ pool, wantedWorkers }) => [pool as string, wantedWorkers]),
      );
      for (const pool of this.#scenario.pools.filter((each) => each.bootS === bootS)) {
        const wanted = advice.get(poolIn(pool));
        if (wanted !== undefined) await this.#fleet.scaleTo(pool, wanted);
      }
    }
  }

  #close(): void {
    this.#world.clock.advance(Math.max(0, this.#traffic.endMs - this.#nowMs));
    for (const { gpu, sinceMs } of this.#placed.values()) this.#bill.used(gpu.pool, sinceMs, this.#nowMs);
    this.#fleet.close();
  }
}
