// The GPUs under the baselines: the same slots, boots and outages as under Meridian, without stores and heartbeats.
// Sessions go to the fullest GPU of the pool they are sent to, so that the others can empty.
import type { RegionSample } from '../contender.ts';
import type { Bill } from '../engine/bill.ts';
import type { Scenario, ScenarioPool } from '../scenario.ts';
import type { PoolState } from './strategy.ts';

export interface Gpu {
  readonly pool: BaselinePool;
  /** As outages name it. */
  readonly name: string;
  state: 'booting' | 'serving' | 'down' | 'gone';
  /** Arrivals whose sessions it holds. */
  readonly sessions: Set<number>;
  /** From when it is paid for, virtual ms. */
  sinceMs: number;
}

export class BaselinePool implements PoolState {
  readonly of: ScenarioPool;
  readonly gpus: Gpu[] = [];
  #numbered = 0;

  constructor(pool: ScenarioPool) {
    this.of = pool;
  }

  get region(): string {
    return this.of.region;
  }

  get slots(): number {
    return this.of.slotsPerGpu * this.serving.length;
  }

  get busy(): number {
    return this.serving.reduce((sum, gpu) => sum + gpu.sessions.size, 0);
  }

  get freeSlots(): number {
    return this.slots - this.busy;
  }

  get serving(): readonly Gpu[] {
    return this.gpus.filter(({ state }) => state === 'serving');
  }

  /** The fullest GPU that has room. */
  fullest(): Gpu | undefined {
    let best: Gpu | undefined;
    for (const gpu of this.serving) {
      if (gpu.sessions.size === this.of.slotsPerGpu) continue;
      if (!best || gpu.sessions.size > best.sessions.size) best = gpu;
    }
    return best;
  }

  add(sinceMs: number, state: Gpu['state']): Gpu {
    const name = `${this.of.region}-${this.of.gpuType}-${(this.#numbered += 1)}`;
    const gpu: Gpu = { pool: this, name, state, sessions: new Set(), sinceMs };
    this.gpus.push(gpu);
    return gpu;
  }
}

/** How many GPUs a pool keeps beyond those in use: Agones' FleetAutoscaler of type Buffer with `bufferSize: 10%`. */
const BUFFER_SHARE = 0.1;

export interface FleetPorts {
  readonly bill: Bill;
  readonly nowMs: () => number;
  readonly plan: (atMs: number, run: () => void) => void;
  /** A GPU began to serve. */
  readonly onReady: () => void;
  /** A GPU went down with this session on it. */
  readonly onLost: (index: number, gpu: Gpu) => void;
}

export class BaselineFleet {
  readonly pools: readonly BaselinePool[];
  readonly #ports: FleetPorts;

  constructor({ pools }: Scenario, ports: FleetPorts) {
    this.#ports = ports;
    this.pools = pools.map((pool) => new BaselinePool(pool));
    for (const pool of this.pools) {
      for (let count = 0; count < pool.of.gpus; count += 1) pool.add(ports.nowMs(), 'serving');
    }
  }

  /** The buffer policy: busy slots and a tenth more, in whole GPUs, at least one to spare. Only empty GPUs go. */
  scale(): void {
    for (const pool of this.pools) {
      const kept = pool.gpus.filter(({ state }) => state === 'serving' || state === 'booting');
      const { slotsPerGpu, maxGpus = Infinity, bootS } = pool.of;
      const buffer = Math.max(slotsPerGpu, Math.ceil(BUFFER_SHARE * pool.busy));
      const wanted = Math.min(maxGpus, Math.ceil((pool.busy + buffer) / slotsPerGpu));
      for (let count = kept.length; count < wanted; count += 1) {
        this.#boot(pool.add(this.#ports.nowMs(), 'booting'), bootS);
      }
      const empty = kept
        .filter(({ sessions }) => sessions.size === 0)
        .sort((a, b) => Number(b.state === 'booting') - Number(a.state === 'booting'));
      for (const gpu of empty.slice(0, Math.max(0, kept.length - wanted))) this.#stopPaying(gpu, 'gone');
    }
  }

  /** What an outage names goes down at once, and is not paid for until it boots again. */
  down(target: string): void {
    for (const gpu of this.#named(target)) {
      if (gpu.state === 'down') continue;
      const lost = [...gpu.sessions];
      this.#stopPaying(gpu, 'down');
      for (const index of lost) this.#ports.onLost(index, gpu);
    }
  }

  up(target: string): void {
    for (const gpu of this.#named(target)) {
      if (gpu.state !== 'down') continue;
      Object.assign(gpu, { state: 'booting', sinceMs: this.#ports.nowMs() });
      this.#boot(gpu, gpu.pool.of.bootS);
    }
  }

  sample(): Record<string, RegionSample> {
    const samples: Record<string, RegionSample> = {};
    for (const pool of this.pools) {
      const { slots, busy, gpus } = samples[pool.region] ?? { slots: 0, busy: 0, gpus: 0 };
      const paid = pool.gpus.filter(({ state }) => state === 'booting' || state === 'serving').length;
      samples[pool.region] = { slots: slots + pool.slots, busy: busy + pool.busy, gpus: gpus + paid };
    }
    return samples;
  }

  /** What still runs is paid for until now. */
  close(): void {
    for (const gpu of this.pools.flatMap(({ gpus }) => [...gpus])) {
      if (gpu.state !== 'down') this.#stopPaying(gpu, 'gone');
    }
  }

  #named(target: string): readonly Gpu[] {
    return this.pools.flatMap(({ region, gpus }) =>
      gpus.filter(({ name }) => region === target || name === target),
    );
  }

  #boot(gpu: Gpu, bootS: number): void {
    const { sinceMs } = gpu;
    this.#ports.plan(this.#ports.nowMs() + bootS * 1_000, () => {
      // It may have gone, or gone down and come back, while it booted.
      if (gpu.state !== 'booting' || gpu.sinceMs !== sinceMs) return;
      gpu.state = 'serving';
      this.#ports.onReady();
    });
  }

  #stopPaying(gpu: Gpu, state: 'down' | 'gone'): void {
    this.#ports.bill.paid(gpu.pool.of, gpu.sinceMs, this.#ports.nowMs());
    gpu.state = state;
    if (state === 'gone') gpu.pool.gpus.splice(gpu.pool.gpus.indexOf(gpu), 1);
  }
}
