import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { Capacity, DrainWorker, RegisteredWorker, WorkerRegistry } from '@meridian/application';
import { StoreUnavailable } from '@meridian/application';
import type { PoolSnapshot, RegionId, WorkerId } from '@meridian/domain';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import type { Config } from '../config.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { IdParam } from '../http/id-param.ts';
import { Problem, storeUnavailable } from '../http/problem.ts';
import { toIso } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { CAPACITY, CONFIG, DRAIN_WORKER, REGISTRY } from '../tokens.ts';
import * as schemas from './admin.schemas.ts';
import { AuditInterceptor } from './audit.interceptor.ts';

const noWorker = () => new Problem('worker_not_found', 'No region has a worker with this id.');
const WORKER_ID = new IdParam<WorkerId>(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, noWorker);

@Controller('admin/v1')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class FleetController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CAPACITY) private readonly capacity: Capacity,
    @Inject(REGISTRY) private readonly registry: WorkerRegistry,
    @Inject(DRAIN_WORKER) private readonly drain: DrainWorker,
  ) {}

  @Get('pools')
  @Endpoint({ tag: 'fleet', summary: 'Pools of every region', auth: 'adminKey', answer: schemas.PoolList })
  async listPools(): Promise<z.output<typeof schemas.PoolList>> {
    const { regions } = await this.capacity.read({ fresh: true });
    return {
      pools: regions.flatMap(({ pools }) => pools.map(viewPool)),
      unreachableRegions: regions.filter(({ reachable }) => !reachable).map(({ region }) => region),
    };
  }

  @Get('workers')
  @Endpoint({
    tag: 'fleet',
    summary: 'Workers of every region',
    auth: 'adminKey',
    answer: schemas.WorkerList,
  })
  async listWorkers(): Promise<z.output<typeof schemas.WorkerList>> {
    const lists = await Promise.all(
      this.config.regions.map(async ({ id }) => ({ id, workers: await this.#workersOf(id) })),
    );
    return {
      workers: lists.flatMap(({ workers = [] }) => workers.map(viewWorker)),
      unreachableRegions: lists.filter(({ workers }) => !workers).map(({ id }) => id),
    };
  }

  @Post('workers/:workerId/drain')
  @HttpCode(204)
  @Endpoint({
    tag: 'fleet',
    summary: 'Drain a worker, or take it back',
    description:
      'A draining worker takes no new session, and those that it has move to other workers as these have room; its `sessions` say how many are left. It hears of it within a heartbeat.',
    auth: 'adminKey',
    params: { workerId: schemas.WorkerId },
    body: schemas.DrainWorker,
    status: 204,
    answerNote: 'Noted',
    problems: ['worker_not_found'],
  })
  async drainWorker(
    @Param('workerId', WORKER_ID) workerId: WorkerId,
    @Body(new Valid(schemas.DrainWorker)) body: z.output<typeof schemas.DrainWorker>,
  ): Promise<void> {
    const outcome = await this.drain(workerId, body.drain);
    if (outcome.kind === 'not_found') throw noWorker();
    if (outcome.kind === 'unreachable')
      throw storeUnavailable(`The registry of ${outcome.regions.join(', ')}`);
  }

  /** Undefined while the region's store is away. */
  async #workersOf(region: RegionId): Promise<readonly RegisteredWorker[] | undefined> {
    try {
      return await this.registry.list(region);
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    }
  }
}

function viewPool(pool: PoolSnapshot): z.output<typeof schemas.PoolView> {
  const alive = pool.workers.filter(({ health }) => health !== 'lost');
  const sum = (of: (worker: (typeof alive)[number]) => number) =>
    alive.reduce((total, worker) => total + of(worker), 0);
  return {
    id: pool.pool,
    region: pool.region,
    gpuType: pool.gpuType,
    model: pool.model,
    modelVersion: pool.modelVersion,
    framesPerSecond: pool.framesPerSecond,
    stepMs: pool.stepMs,
    encodeMs: pool.encodeMs,
    workers: alive.length,
    readyWorkers: alive.filter(({ health }) => health === 'ready').length,
    slots: sum(({ slots }) => slots),
    usedSlots: sum(({ usedSlots }) => usedSlots),
  };
}

const viewWorker = (worker: RegisteredWorker): z.output<typeof schemas.WorkerView> => ({
  id: worker.workerId,
  region: worker.region,
  pool: worker.pool,
  incarnation: worker.incarnation,
  gpuType: worker.gpuType,
  model: worker.model,
  modelVersion: worker.modelVersion,
  address: worker.address,
  health: worker.health,
  ...(worker.healthReason !== undefined && { healthReason: worker.healthReason }),
  slots: worker.slots,
  gpus: worker.gpus,
  usedSlots: worker.usedSlots,
  ...(worker.sessions !== undefined && { sessions: worker.sessions }),
  stateBytes: worker.stateBytes,
  rebuildMs: worker.rebuildMs,
  ...worker.pace,
  registeredAt: toIso(worker.registeredAtMs),
  lastHeartbeatAt: toIso(worker.lastHeartbeatAtMs),
});
