import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { AdviseCapacity, Clock } from '@meridian/application';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { measureCapacity, measureSessions, measureWorkers, type ControlPlaneMetrics } from '../metrics.ts';
import type { Stores } from '../stores.ts';
import { ADVISE_CAPACITY, CLOCK, CONFIG, METRICS, STORES } from '../tokens.ts';
import { Endpoint } from './endpoint.decorator.ts';

const Health = z.object({ status: z.string(), reason: z.string().optional() }).meta({ id: 'Health' });

const MEASURE_MS = 5_000;

@Controller()
export class OperationsController {
  #measuredAtMs = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(STORES) private readonly stores: Stores,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ADVISE_CAPACITY) private readonly adviseCapacity: AdviseCapacity,
  ) {}

  @Get('healthz')
  @Endpoint({ tag: 'operations', summary: 'The process runs', auth: 'none', answer: Health })
  readHealth(): z.output<typeof Health> {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Endpoint({
    tag: 'operations',
    summary: 'The process can open sessions',
    description: 'PostgreSQL and the Redis of at least one region answer.',
    auth: 'none',
    answer: Health,
    also: { 503: 'It cannot, and `reason` says why' },
  })
  async readReadiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<z.output<typeof Health>> {
    const reason = await this.#notReady();
    if (reason === undefined) return { status: 'ready' };
    void reply.status(503).header('retry-after', '1');
    return { status: 'not ready', reason };
  }

  @Get('metrics')
  @Endpoint({
    tag: 'operations',
    summary: 'Metrics for Prometheus',
    auth: 'none',
    answer: z.string(),
    answerType: 'text/plain',
  })
  async readMetrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    await this.#refreshSessions();
    const { type, text } = await this.metrics.exposition(undefined);
    void reply.type(type);
    return text;
  }

  /** The gauges keep their last values while PostgreSQL is away. */
  async #refreshSessions(): Promise<void> {
    const nowMs = this.clock.nowMs();
    if (nowMs - this.#measuredAtMs < MEASURE_MS) return;
    this.#measuredAtMs = nowMs;
    const regions = this.config.regions.map(({ id }) => id);
    await Promise.all([
      measureSessions(this.stores.sessions, this.metrics).catch(() => undefined),
      measureWorkers(this.stores.registry, regions, this.metrics),
      measureCapacity(this.adviseCapacity, this.metrics).catch(() => undefined),
    ]);
  }

  async #notReady(): Promise<string | undefined> {
    const [record, ...regions] = await Promise.all([
      this.stores.recordAnswers(),
      ...this.config.regions.map(({ id }) => this.stores.regionAnswers(id)),
    ]);
    if (!record) return 'PostgreSQL does not answer';
    return regions.includes(true) ? undefined : 'no region has a Redis that answers';
  }
}
