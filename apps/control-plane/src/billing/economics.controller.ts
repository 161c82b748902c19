import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Post,
  Query,
  UseGuards,
  type StreamableFile,
} from '@nestjs/common';
import type { Scenario } from '@meridian/domain';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { toIso } from '../http/schemas.ts';
import { Valid, invalid } from '../http/validation.ts';
import { BILLING } from '../tokens.ts';
import { answerTable } from './answer-table.ts';
import type { Billing } from './billing.ts';
import * as schemas from './economics.schemas.ts';
import { viewEconomics, viewFleetBill, viewMargin } from './economics-view.ts';
import * as jobs from './gpu-hours.schemas.ts';
import { viewJob } from './job-view.ts';
import { PER_USER_HOUR_BAND } from './money.schemas.ts';
import { viewLive } from './usage-view.ts';
import { WindowQuery } from './window.schemas.ts';
import { monthOf, windowOf, type Window } from './window.ts';

const TAG = { tag: 'billing', auth: 'adminKey' } as const;

/** What a user-hour costs, now, then and in other circumstances, and what we earn by it. */
@Controller('admin/v1/billing')
@UseGuards(AdminKeyGuard)
export class EconomicsController {
  constructor(@Inject(BILLING) private readonly billing: Billing) {}

  @Get('live')
  @Endpoint({
    ...TAG,
    summary: 'What a user-hour costs at this moment',
    description:
      'From the workers that are up, their rates and the slots that sessions hold; `perUserHourLoaded` shares out what ' +
      'stands idle as well.',
    answer: schemas.Live,
  })
  async readLiveCost(): Promise<z.output<typeof schemas.Live>> {
    return viewLive(await this.billing.readLiveCost());
  }

  @Get('economics')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Cost per user-hour and frame, against how full GPUs were',
    query: WindowQuery,
    answer: schemas.Economics,
  })
  async readEconomics(
    @Query(new Valid(WindowQuery, 'query')) query: z.output<typeof WindowQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.Economics> | StreamableFile> {
    const window = this.#monthOrTold(query);
    const rows = (await this.billing.readEconomics(window)).map(viewEconomics);
    const json = { ...bounds(window), band: PER_USER_HOUR_BAND, rows };
    return answerTable({ format: query.format, accept }, 'economics', json, rows);
  }

  @Post('what-if')
  @HttpCode(200)
  @Endpoint({
    ...TAG,
    summary: 'What recorded usage would have cost otherwise',
    description:
      'With another GPU price, density, share of spot or mix of regions. Nothing is changed by it.',
    body: schemas.WhatIf,
    answer: schemas.WhatIfAnswer,
  })
  async askWhatIf(
    @Body(new Valid(schemas.WhatIf)) body: z.output<typeof schemas.WhatIf>,
  ): Promise<z.output<typeof schemas.WhatIfAnswer>> {
    const window = this.#monthOrTold(body);
    const answer = await this.billing.askWhatIf(window, toScenario(body));
    if (answer.kind === 'unknown_region') {
      const field = `regionMix.${answer.region}`;
      const fix = 'name regions in which something was used in this window';
      throw invalid([{ field, message: 'is a region of which no cost is known', fix }]);
    }
    return {
      ...{ ...bounds(window), band: PER_USER_HOUR_BAND, currency: answer.currency },
      baseline: viewFleetBill(answer.baseline),
      scenario: viewFleetBill(answer.scenario),
      differenceNano: String(answer.differenceNano),
    };
  }

  @Get('margins')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Price, cost and margin by tenant',
    description:
      'Idle cost is shared by `idle`; what no tenant bears is in no row. This month when `from` is absent.',
    query: schemas.MarginsQuery,
    answer: schemas.Margins,
  })
  async readMargins(
    @Query(new Valid(schemas.MarginsQuery, 'query')) query: z.output<typeof schemas.MarginsQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.Margins> | StreamableFile> {
    const window = this.#monthOrTold(query);
    const [margins, tenants, used] = await Promise.all([
      this.billing.readMargins(window, query.idle),
      this.billing.tenants.list(),
      this.billing.usageHours.read({ ...window, groupBy: ['tenant'], interval: 'none', timeZone: 'UTC' }),
    ]);
    const names = new Map(tenants.map(({ tenantId, name }) => [tenantId, name]));
    const activeMs = Map.groupBy(used, ({ tenantId }) => tenantId);
    const rows = margins.map((margin) => {
      const own = activeMs.get(margin.tenantId) ?? [];
      const sumMs = own.reduce((sum, row) => sum + row.activeMs, 0);
      return viewMargin(margin, names.get(margin.tenantId), sumMs);
    });
    return answerTable({ format: query.format, accept }, 'margins', { ...bounds(window), rows }, rows);
  }

  @Get('jobs')
  @Endpoint({
    ...TAG,
    summary: 'Jobs: when each last ran, how late it is, and what waits for it',
    answer: jobs.JobList,
  })
  async listJobs(): Promise<z.output<typeof jobs.JobList>> {
    const { atMs, jobs: states } = await this.billing.readJobs();
    return { at: toIso(atMs), jobs: states.map(viewJob) };
  }

  #monthOrTold(query: { readonly from?: string | undefined; readonly to?: string | undefined }): Window {
    const nowMs = this.billing.clock.nowMs();
    const { from = query.to === undefined ? toIso(monthOf(nowMs).fromMs) : undefined, to } = query;
    return windowOf({ from, to }, nowMs);
  }
}

const bounds = ({ fromMs, toMs }: Window) => ({ from: toIso(fromMs), to: toIso(toMs) });

function toScenario(body: z.output<typeof schemas.WhatIf>): Scenario {
  const { gpuNanoPerHour, density, spotShare, regionMix } = body;
  const prices = Object.entries(gpuNanoPerHour ?? {}).map(([gpuType, nano]) => [gpuType, BigInt(nano)]);
  return {
    ...(gpuNanoPerHour && { gpuNanoPerHour: Object.fromEntries(prices) as Record<string, bigint> }),
    ...(density !== undefined && { density }),
    ...(spotShare && {
      spotShare: { share: spotShare.share, nanoPerGpuHour: BigInt(spotShare.nanoPerGpuHour) },
    }),
    ...(regionMix && { regionMix }),
  };
}
