import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import type { Capacity, ModelCatalog } from '@meridian/application';
import type { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import type { Config } from '../config.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { CAPACITY, CONFIG, MODELS } from '../tokens.ts';
import { ModelList, RegionList } from './catalogue.schemas.ts';
import { regionsServing, viewRegion } from './catalogue-view.ts';

@Controller('v1')
@UseGuards(ApiKeyGuard)
export class CatalogueController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CAPACITY) private readonly capacity: Capacity,
    @Inject(MODELS) private readonly models: ModelCatalog,
  ) {}

  @Get('regions')
  @Endpoint({
    tag: 'catalogue',
    summary: 'Regions, with the addresses to measure them by',
    description:
      'GET each `pingUrl` a few times and send the smallest times as `rttMs` when you open a session.',
    auth: 'apiKey',
    answer: RegionList,
  })
  async listRegions(): Promise<z.output<typeof RegionList>> {
    const snapshot = await this.capacity.read();
    return { regions: this.config.regions.map((region) => viewRegion(region, snapshot)) };
  }

  @Get('models')
  @Endpoint({
    tag: 'catalogue',
    summary: 'Models that can be played',
    description: 'A model version stays listed after its last worker is gone, with no regions.',
    auth: 'apiKey',
    answer: ModelList,
  })
  async listModels(): Promise<z.output<typeof ModelList>> {
    const [models, snapshot] = await Promise.all([this.models.list(), this.capacity.read()]);
    return {
      models: models.map(({ stateBytes: _state, firstSeenAtMs: _seen, actions, ...model }) => ({
        ...model,
        actions: [...actions],
        regions: regionsServing(model, snapshot),
      })),
    };
  }
}
