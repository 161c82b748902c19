import { Body, Controller, Get, Inject, Post, Query, UseGuards, UseInterceptors } from '@nestjs/common';
import type { Clock, Draw, ReadFleetCost, UsageRepository } from '@meridian/application';
import type { Rate, RateId, RegionId } from '@meridian/domain';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import type { Config } from '../config.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { toIso } from '../http/schemas.ts';
import { Valid, invalid } from '../http/validation.ts';
import { CLOCK, CONFIG, DRAW, READ_FLEET_COST, USAGE } from '../tokens.ts';
import * as schemas from './admin.schemas.ts';
import { AuditInterceptor } from './audit.interceptor.ts';
import { viewFleetCost } from './fleet-cost-view.ts';

const HOUR_MS = 3_600_000;
const WINDOW_DAYS_MAX = 366;

@Controller('admin/v1')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class MoneyController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(USAGE) private readonly usage: UsageRepository,
    @Inject(READ_FLEET_COST) private readonly readCost: ReadFleetCost,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DRAW) private readonly draw: Draw,
  ) {}

  @Post('rates')
  @Endpoint({
    tag: 'fleet',
    summary: 'Record a rate',
    description: 'What one GPU of a type costs per hour from a date on. A correction is a new rate.',
    auth: 'adminKey',
    body: schemas.CreateRate,
    status: 201,
    answer: schemas.RateView,
  })
  async createRate(
    @Body(new Valid(schemas.CreateRate)) body: z.output<typeof schemas.CreateRate>,
  ): Promise<z.output<typeof schemas.RateView>> {
    const { region, nanoPerGpuHour, effectiveFrom, ...rated } = body;
    if (region !== undefined && !this.config.regions.some(({ id }) => id === region))
      throw this.#unknownRegion();
    const recordedAtMs = this.clock.nowMs();
    const rate: Rate = {
      rateId: `rat_${this.draw.token(16)}` as RateId,
      ...rated,
      ...(region !== undefined && { region: region as RegionId }),
      nanoPerGpuHour: BigInt(nanoPerGpuHour),
      effectiveFromMs: effectiveFrom === undefined ? recordedAtMs : Date.parse(effectiveFrom),
      recordedAtMs,
    };
    await this.usage.addRate(rate);
    return viewRate(rate);
  }

  @Get('rates')
  @Endpoint({ tag: 'fleet', summary: 'List rates', auth: 'adminKey', answer: schemas.RateList })
  async listRates(): Promise<z.output<typeof schemas.RateList>> {
    return { rates: (await this.usage.rates()).map(viewRate) };
  }

  @Get('fleet/cost')
  @Endpoint({
    tag: 'fleet',
    summary: 'Cost of the fleet and per user-hour',
    description:
      'For `from` to `to` (default: the last hour). Session cost and idle cost add up to the bill exactly.',
    auth: 'adminKey',
    query: schemas.FleetCostQuery,
    answer: schemas.FleetCost,
  })
  async readFleetCost(
    @Query(new Valid(schemas.FleetCostQuery, 'query')) query: z.output<typeof schemas.FleetCostQuery>,
  ): Promise<z.output<typeof schemas.FleetCost>> {
    const toMs = query.to === undefined ? this.clock.nowMs() : Date.parse(query.to);
    const fromMs = query.from === undefined ? toMs - HOUR_MS : Date.parse(query.from);
    if (fromMs >= toMs || toMs - fromMs > WINDOW_DAYS_MAX * 24 * HOUR_MS) {
      const fix = `use a time before \`to\`, at most ${WINDOW_DAYS_MAX} days earlier`;
      throw invalid([{ field: 'from', message: 'does not make a window that can be added up', fix }]);
    }
    return viewFleetCost(await this.readCost(fromMs, toMs));
  }

  #unknownRegion() {
    const known = this.config.regions.map(({ id }) => id).join(', ');
    return invalid([{ field: 'region', message: 'is not a region here', fix: `use one of ${known}` }]);
  }
}

const viewRate = (rate: Rate): z.output<typeof schemas.RateView> => ({
  id: rate.rateId,
  gpuType: rate.gpuType,
  region: rate.region,
  purchase: rate.purchase,
  source: rate.source,
  currency: rate.currency,
  nanoPerGpuHour: String(rate.nanoPerGpuHour),
  effectiveFrom: toIso(rate.effectiveFromMs),
  recordedAt: toIso(rate.recordedAtMs),
});
