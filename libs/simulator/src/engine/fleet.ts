// The GPUs of a run: asked for, booting, serving, draining, gone; and what each costs. One worker a GPU.
import {
  planFleet,
  poolIdOf,
  type Incarnation,
  type PoolId,
  type RegionId,
  type SessionId,
  type WorkerId,
} from '@meridian/domain';
import { aPace, type SimWorker, type World } from '@meridian/testkit/world';
import type { RegionSample } from '../contender.ts';
import type { Scenario, ScenarioPool } from '../scenario.ts';
import type { Bill } from './bill.ts';

/** The one model of a run. */
export const MODEL = { model: 'world', modelVersion: '1.0.0' } as const;
const FRAMES_PER_SECOND = 25;

export const poolIn = ({ region, gpuType }: ScenarioPool): PoolId =>
  poolIdOf({ region: region as RegionId, gpuType, ...MODEL });

export interface Gpu {
  readonly workerId: WorkerId;
  readonly pool: ScenarioPool;
  state: 'booting' | 'serving' | 'draining' | 'gone';
  /** From when it is paid for, virtual ms of the run. */
  sinceMs: number;
  /** Undefined until it has booted. */
  worker?: SimWorker;
  /** Sessions placed on it. */
  readonly sessions: Set<SessionId>;
}

export interface FleetPorts {
  readonly world: World;
  readonly bill: Bill;
  /** Virtual ms of the run. */
  readonly nowMs: () => number;
  readonly plan: (atMs: number, run: () => Promise<void>) => void;
  /** New slots are on offer. */
  readonly onReady: () => void;
  /** The operator wants it drained, or no longer: its worker hears of it in its next beat. */
  readonly onDrain: (gpu: Gpu) => void;
}

export class Fleet {
  readonly #ports: FleetPorts;
  readonly #gpus = new Map<WorkerId, Gpu>();
  readonly #scenario: Scenario;
  readonly #down = new Set<string>();
  #incarnations = 0;

  constructor(scenario: Scenario, ports: FleetPorts) {
    this.#scenario = scenario;
    this.#ports = ports;
  }

  /** The GPUs that serve from the start. */
  async begin(): Promise<void> {
    for (const pool of this.#scenario.pools) {
      for (let count = 0; count < pool.gpus; count += 1) await this.#serve(this.#ask(pool));
    }
  }

  /** Those that can hold sessions. */
  get alive(): readonly Gpu[] {
    return [...this.#gpus.values()].filter((gpu) => gpu.state === 'serving' || gpu.state === 'draining');
  }

  of(workerId: WorkerId): Gpu | undefined {
    return this.#gpus.get(workerId);
  }

  /** Those of a region, or the one worker of that name. */
  named(target: string): readonly Gpu[] {
    return [...this.#gpus.values()].filter(
      ({ pool, workerId }) => pool.region === target || workerId === target,
    );
  }

  /** Asks for GPUs, takes back those that drain, drains others or gives them back, as `planFleet` says. */
  async scaleTo(pool: ScenarioPool, wantedGpus: number): Promise<void> {
    if (this.#down.has(pool.region)) return;
    const members = this.#inPool(pool).flatMap(({ workerId, state, sessions }) =>
      state === 'gone'
        ? []
        : [{ workerId, busySlots: sessions.size, state: state === 'serving' ? ('ready' as const) : state }],
    );
    const plan = planFleet(members, Math.min(wantedGpus, pool.maxGpus ?? Infinity));
    for (const gpu of this.#all(plan.undrain)) await this.#setDraining(gpu, false);
    for (const gpu of this.#all(plan.drain)) await this.#setDraining(gpu, true);
    for (const gpu of this.#all(plan.retire)) this.#retire(gpu);
    for (let count = 0; count < plan.order; count += 1) this.#boot(this.#ask(pool));
  }

  /** A session came to a GPU or went from it; a draining one that is empty goes. */
  holds(gpu: Gpu, sessionId: SessionId): void {
    gpu.sessions.add(sessionId);
  }

  frees(gpu: Gpu, sessionId: SessionId): void {
    gpu.sessions.delete(sessionId);
    if (gpu.state === 'draining' && gpu.sessions.size === 0) this.#retire(gpu);
  }

  /** A process dies, and is not paid for until it is back. */
  crash(gpu: Gpu): void {
    gpu.worker?.crash();
    if (gpu.state !== 'gone') this.#ports.bill.paid(gpu.pool, gpu.sinceMs, this.#ports.nowMs());
    gpu.state = 'gone';
  }

  /** It boots again under its old name. */
  restart(gpu: Gpu): void {
    const { workerId, pool } = gpu;
    const again: Gpu = {
      workerId,
      pool,
      state: 'booting',
      sinceMs: this.#ports.nowMs(),
      sessions: gpu.sessions,
    };
    this.#gpus.set(workerId, again);
    this.#boot(again);
  }

  /** Nothing is asked for in a region that is down. */
  setDown(region: string, isDown: boolean): void {
    if (isDown) this.#down.add(region);
    else this.#down.delete(region);
  }

  sample(): Record<string, RegionSample> {
    const regions = this.#scenario.regions.map(({ region }) => {
      const gpus = this.#inRegion(region);
      const slots = gpus.map(({ state, pool, sessions }) =>
        state === 'serving' ? pool.slotsPerGpu : state === 'draining' ? sessions.size : 0,
      );
      const sample = {
        slots: sum(slots),
        busy: sum(gpus.map(({ sessions }) => sessions.size)),
        gpus: gpus.length,
      };
      return [region, sample] as const;
    });
    return Object.fromEntries(regions);
  }

  /** What still runs is paid for until now. */
  close(): void {
    for (const gpu of this.#gpus.values()) {
      if (gpu.state !== 'gone') this.#ports.bill.paid(gpu.pool, gpu.sinceMs, this.#ports.nowMs());
    }
  }

  #all(workerIds: readonly WorkerId[]): Gpu[] {
    return workerIds.flatMap((workerId) => this.#gpus.get(workerId) ?? []);
  }

  #inPool(pool: ScenarioPool): Gpu[] {
    return [...this.#gpus.values()].filter((gpu) => gpu.pool === pool);
  }

  #inRegion(region: string): Gpu[] {
    return [...this.#gpus.values()].filter(({ pool, state }) => pool.region === region && state !== 'gone');
  }

  #ask(pool: ScenarioPool): Gpu {
    let number = 1;
    while (this.#gpus.has(workerIdOf(pool, number))) number += 1;
    const workerId = workerIdOf(pool, number);
    const sinceMs = this.#ports.nowMs();
    const gpu: Gpu = { workerId, pool, state: 'booting', sinceMs, sessions: new Set() };
    this.#gpus.set(workerId, gpu);
    return gpu;
  }

  #boot(gpu: Gpu): void {
    this.#ports.plan(this.#ports.nowMs() + gpu.pool.bootS * 1_000, async () => {
      if (gpu.state !== 'booting') return;
      await this.#serve(gpu);
      this.#ports.onReady();
    });
  }

  async #serve(gpu: Gpu): Promise<void> {
    const { workerId, pool } = gpu;
    const region = pool.region as RegionId;
    const incarnation = `i${(this.#incarnations += 1)}` as Incarnation;
    const parts = { region, gpuType: pool.gpuType, ...MODEL };
    gpu.worker = await this.#ports.world.addWorker(
      {
        ...{
          workerId,
          incarnation,
          ...parts,
          pool: poolIdOf(parts),
          address: `${workerId}-${incarnation}:1`,
        },
        ...{ slots: pool.slotsPerGpu, gpus: 1, framesPerSecond: FRAMES_PER_SECOND },
      },
      aPace({ stepMsP50: pool.stepMs, encodeMsP50: pool.encodeMs }),
    );
    gpu.state = 'serving';
  }

  async #setDraining(gpu: Gpu, draining: boolean): Promise<void> {
    await this.#ports.world.drainWorker(gpu.workerId, draining);
    gpu.state = draining ? 'draining' : 'serving';
    this.#ports.onDrain(gpu);
  }

  /** A worker ends in order and is paid for no longer: the registry forgets it. */
  #retire(gpu: Gpu): void {
    const { world, bill, nowMs } = this.#ports;
    bill.paid(gpu.pool, gpu.sinceMs, nowMs());
    gpu.state = 'gone';
    this.#gpus.delete(gpu.workerId);
    if (!gpu.worker) return;
    gpu.worker.crash();
    world.store(gpu.pool.region as RegionId).workers.delete(gpu.workerId);
    world.fleet.splice(world.fleet.indexOf(gpu.worker), 1);
  }
}

/** As outages name it. */
export const workerIdOf = ({ region, gpuType }: ScenarioPool, number: number): WorkerId =>
  `${region}-${gpuType}-${number}` as WorkerId;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
