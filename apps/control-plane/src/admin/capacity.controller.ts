import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import type { AdviseCapacity, PoolAdvice } from '@meridian/application';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { toIso } from '../http/schemas.ts';
import { ADVISE_CAPACITY } from '../tokens.ts';
import * as schemas from './capacity.schemas.ts';

@Controller('admin/v1/fleet')
@UseGuards(AdminKeyGuard)
export class CapacityController {
  constructor(@Inject(ADVISE_CAPACITY) private readonly advise: AdviseCapacity) {}

  @Get('capacity')
  @Endpoint({
    tag: 'fleet',
    summary: 'How many workers each pool should have, and why',
    description:
      'A forecast of each pool’s demand over the time that a worker takes to boot, and square-root staffing. ' +
      'A region that does not answer has no pools here.',
    auth: 'adminKey',
    answer: schemas.FleetCapacity,
  })
  async readCapacity(): Promise<z.output<typeof schemas.FleetCapacity>> {
    return { pools: (await this.advise()).map(viewAdvice) };
  }
}

const viewAdvice = (advice: PoolAdvice): z.output<typeof schemas.PoolCapacity> => {
  const { pool, region, model, busySlots, queued, slots, readyWorkers, slotsPerWorker } = advice;
  const { wantedSlots, wantedWorkers, reason, forecast } = advice;
  const { atMs, horizonMs, mean, error, seasonShare } = forecast;
  return {
    ...{ pool, region, model, busySlots, queued, warmSlots: slots, workers: readyWorkers, slotsPerWorker },
    ...{ wantedSlots, wantedWorkers, horizonMs, reason },
    forecast: { at: toIso(atMs), slots: mean, errorSlots: error, seasonShare },
  };
};
