// Runs a strategy over the simple fleet, on virtual time. It sees the same arrivals as Meridian, and is timed and billed
// the same way. A session that loses its GPU is lost: none of the systems that these rules stand for moves its state.
import type { ArrivalResult, Contender, FleetSample, RunResult } from '../contender.ts';
import { Bill } from '../engine/bill.ts';
import { EventQueue } from '../engine/event-queue.ts';
import type { Scenario } from '../scenario.ts';
import type { Arrival, Traffic } from '../traffic/traffic.ts';
import { BaselineFleet, type BaselinePool, type Gpu } from './fleet.ts';
import type { Choose, Strategy } from './strategy.ts';

const MINUTE_MS = 60_000;
/** How often the number of GPUs is looked at, ms: the default sync period of Agones' FleetAutoscaler. */
const SCALE_MS = 30_000;

export const baseline = (strategy: Strategy): Contender => ({
  name: strategy.name,
  run: (scenario, traffic) => new BaselineRun(strategy, scenario, traffic).run(),
});

interface Running {
  readonly gpu: Gpu;
  readonly sinceMs: number;
}

class BaselineRun {
  readonly #strategy: Strategy;
  readonly #scenario: Scenario;
  readonly #traffic: Traffic;
  readonly #choose: Choose;
  readonly #fleet: BaselineFleet;
  readonly #bill: Bill;
  readonly #events = new EventQueue();
  readonly #results: ArrivalResult[];
  readonly #samples: FleetSample[] = [];
  readonly #decisionNs: number[] = [];
  /** Arrivals that wait, oldest first. */
  readonly #waiting = new Set<number>();
  readonly #running = new Map<number, Running>();
  #nowMs = 0;

  constructor(strategy: Strategy, scenario: Scenario, traffic: Traffic) {
    this.#strategy = strategy;
    this.#scenario = scenario;
    this.#traffic = traffic;
    this.#choose = strategy.begin(scenario);
    this.#bill = new Bill(traffic);
    this.#results = traffic.arrivals.map(() => ({ outcome: 'rejected' }));
    this.#fleet = new BaselineFleet(scenario, {
      bill: this.#bill,
      nowMs: () => this.#nowMs,
      plan: (atMs, run) => this.#events.plan(atMs, run),
      onReady: () => this.#serveQueue(),
      onLost: (index) => {
        this.#results[index] = { ...this.#resultOf(index), lost: true };
        this.#ends(index);
      },
    });
  }

  async run(): Promise<RunResult> {
    const { arrivals, outages, endMs } = this.#traffic;
    for (const { target, startMs, endMs: backMs } of outages) {
      this.#events.plan(startMs, () => this.#fleet.down(target));
      this.#events.plan(backMs, () => this.#fleet.up(target));
    }
    for (const [index, { atMs }] of arrivals.entries()) this.#events.plan(atMs, () => this.#arrives(index));
    this.#every(MINUTE_MS, () => this.#sample());
    if (this.#scenario.autoscale) this.#every(SCALE_MS, () => this.#fleet.scale());
    for (let next = this.#events.next(); next && next.atMs <= endMs; next = this.#events.next()) {
      this.#nowMs = next.atMs;
      await next.run();
    }
    this.#close();
    return {
      ...{ contender: this.#strategy.name, arrivals: this.#results, samples: this.#samples },
      ...{ bill: this.#bill.sum(), migrations: 0, decisionNs: this.#decisionNs },
    };
  }

  #every(ms: number, run: () => void): void {
    run();
    this.#events.plan(this.#nowMs + ms, () => this.#every(ms, run));
  }

  #arrival(index: number): Arrival {
    const arrival = this.#traffic.arrivals[index];
    if (!arrival) throw new Error(`no arrival ${index}`);
    return arrival;
  }

  #resultOf(index: number): ArrivalResult {
    return this.#results[index] ?? { outcome: 'rejected' };
  }

  #arrives(index: number): void {
    const { atMs, patienceMs = Infinity } = this.#arrival(index);
    if (this.#place(index) || !this.#strategy.queues) return;
    const { maxWaitMs, latencySteps } = this.#scenario.policy;
    this.#results[index] = { outcome: 'waiting' };
    this.#waiting.add(index);
    for (const { afterMs } of latencySteps) {
      if (afterMs > 0) this.#events.plan(atMs + afterMs, () => this.#serveQueue());
    }
    this.#events.plan(atMs + Math.min(patienceMs, maxWaitMs), () => {
      if (this.#waiting.delete(index)) this.#results[index] = { outcome: 'abandoned' };
    });
  }

  #place(index: number): boolean {
    const arrival = this.#arrival(index);
    const beganMs = performance.now();
    const pool = this.#choose(arrival, this.#fleet.pools, this.#nowMs - arrival.atMs);
    this.#decisionNs.push(Math.round((performance.now() - beganMs) * 1e6));
    const gpu = (pool as BaselinePool | undefined)?.fullest();
    if (!gpu) return false;
    const { region } = gpu.pool;
    const rttMs = arrival.rttMs[region] ?? NaN;
    this.#results[index] = { outcome: 'placed', placedAtMs: this.#nowMs, region, rttMs };
    this.#running.set(index, { gpu, sinceMs: this.#nowMs });
    gpu.sessions.add(index);
    this.#events.plan(this.#nowMs + arrival.durationMs, () => {
      if (this.#ends(index)) this.#serveQueue();
    });
    return true;
  }

  #serveQueue(): void {
    for (const index of this.#waiting) if (this.#place(index)) this.#waiting.delete(index);
  }

  /** False: it is over already. */
  #ends(index: number): boolean {
    const running = this.#running.get(index);
    if (!running) return false;
    this.#running.delete(index);
    running.gpu.sessions.delete(index);
    this.#bill.used(running.gpu.pool.of, running.sinceMs, this.#nowMs);
    return true;
  }

  #sample(): void {
    this.#samples.push({ atMs: this.#nowMs, queued: this.#waiting.size, regions: this.#fleet.sample() });
  }

  #close(): void {
    this.#nowMs = this.#traffic.endMs;
    for (const index of [...this.#running.keys()]) this.#ends(index);
    this.#fleet.close();
  }
}
