import { Controller, Get, Headers, Inject, Query, UseGuards, type StreamableFile } from '@nestjs/common';
import type { PoolId, RegionId, SessionId, TenantId } from '@meridian/domain';
import type { z } from 'zod';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { defined, toIso } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { BILLING } from '../tokens.ts';
import { answerTable } from './answer-table.ts';
import type { Billing } from './billing.ts';
import { focusCostRows } from './focus-cost.ts';
import { focusFile } from './focus.ts';
import * as gpus from './gpu-hours.schemas.ts';
import { viewBreach, viewGpuHours, viewSetAside } from './gpu-hours-view.ts';
import { PER_USER_HOUR_BAND } from './money.schemas.ts';
import * as schemas from './usage.schemas.ts';
import { viewTopSession, viewUsageRow } from './usage-view.ts';
import { WindowQuery } from './window.schemas.ts';
import { monthOf, windowOf } from './window.ts';

const TAG = { tag: 'billing', auth: 'adminKey' } as const;
const WEEK_MS = 7 * 86_400_000;

/** What was used, by whom and where, what it cost and what stood idle. */
@Controller('admin/v1/billing')
@UseGuards(AdminKeyGuard)
export class BillingUsageController {
  constructor(@Inject(BILLING) private readonly billing: Billing) {}

  @Get('usage')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Usage and cost, by tenant, model, region, pool and time',
    description:
      'Sums of whole UTC hours, in days and months of `timeZone`. Cost is what the GPUs cost us; `idleNano` what stood ' +
      'idle, shared by `idle`; over all rows both are the GPUs’ bill. The open part of running sessions is in no hour yet.',
    query: schemas.UsageQuery,
    answer: schemas.BillingUsage,
  })
  async readBillingUsage(
    @Query(new Valid(schemas.UsageQuery, 'query')) query: z.output<typeof schemas.UsageQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.BillingUsage> | StreamableFile> {
    const { interval, timeZone, groupBy = [], idle, format, tenant, region, pool, ...filters } = query;
    const window = windowOf(query, this.billing.clock.nowMs());
    const { model, modelVersion, gpuType } = filters;
    const report = await this.billing.readUsageReport({
      ...{ ...window, interval, timeZone, groupBy, idle },
      ...defined({ model, modelVersion, gpuType }),
      ...(tenant !== undefined && { tenantId: tenant as TenantId }),
      ...(region !== undefined && { region: region as RegionId }),
      ...(pool !== undefined && { pool: pool as PoolId }),
    });
    const rows = report.map(viewUsageRow);
    const bounds = { from: toIso(window.fromMs), to: toIso(window.toMs) };
    const json = { ...bounds, interval, timeZone, groupBy, idle, band: PER_USER_HOUR_BAND, rows };
    return answerTable({ format, accept }, 'usage', json, rows);
  }

  @Get('gpu-hours')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'What GPUs cost, and why they stood idle',
    description: 'Session cost and the idle cost of every cause add up to the bill exactly.',
    query: gpus.GpuHoursQuery,
    answer: gpus.GpuHoursAnswer,
  })
  async readGpuHours(
    @Query(new Valid(gpus.GpuHoursQuery, 'query')) query: z.output<typeof gpus.GpuHoursQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof gpus.GpuHoursAnswer> | StreamableFile> {
    const { interval, timeZone, groupBy = [], format, region, pool, gpuType } = query;
    const window = windowOf(query, this.billing.clock.nowMs());
    const read = await this.billing.gpuHours.read({
      ...{ ...window, interval, timeZone, groupBy },
      ...defined({ gpuType }),
      ...(region !== undefined && { region: region as RegionId }),
      ...(pool !== undefined && { pool: pool as PoolId }),
    });
    const rows = read.map(viewGpuHours);
    const bounds = { from: toIso(window.fromMs), to: toIso(window.toMs) };
    return answerTable(
      { format, accept },
      'gpu-hours',
      { ...bounds, interval, timeZone, groupBy, rows },
      rows,
    );
  }

  @Get('sessions/top')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Sessions that cost most',
    query: schemas.TopSessionsQuery,
    answer: schemas.TopSessions,
  })
  async listTopSessions(
    @Query(new Valid(schemas.TopSessionsQuery, 'query')) query: z.output<typeof schemas.TopSessionsQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.TopSessions> | StreamableFile> {
    const { limit, tenant, format } = query;
    const { fromMs, toMs } = windowOf(query, this.billing.clock.nowMs());
    const top = await this.billing.usageHours.topSessions(
      fromMs,
      toMs,
      limit,
      tenant as TenantId | undefined,
    );
    const rows = top.map(viewTopSession);
    return answerTable(
      { format, accept },
      'top-sessions',
      { from: toIso(fromMs), to: toIso(toMs), rows },
      rows,
    );
  }

  @Get('conservation')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Whether every GPU and hour adds up to its bill',
    description: 'Each hour is added up again independently. A week up to now when `from` is absent.',
    query: WindowQuery,
    answer: gpus.Conservation,
  })
  async readConservation(
    @Query(new Valid(WindowQuery, 'query')) query: z.output<typeof WindowQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof gpus.Conservation> | StreamableFile> {
    const { fromMs, toMs } = windowOf(query, this.billing.clock.nowMs(), WEEK_MS);
    const [checks, found] = await Promise.all([
      this.billing.gpuHours.checks(fromMs, toMs),
      this.billing.gpuHours.breaches(fromMs, toMs),
    ]);
    const breaches = found.map(viewBreach);
    const { hours, gpuHours, deferred, checkedAtMs } = checks;
    const json = {
      ...{ from: toIso(fromMs), to: toIso(toMs), checkedHours: hours, checkedGpuHours: gpuHours, deferred },
      ...(checkedAtMs !== undefined && { checkedAt: toIso(checkedAtMs) }),
      breaches,
    };
    return answerTable({ format: query.format, accept }, 'conservation', json, breaches);
  }

  @Get('set-aside')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Readings that could not be counted, and why',
    query: gpus.SetAsideQuery,
    answer: gpus.SetAsideList,
  })
  async listSetAside(
    @Query(new Valid(gpus.SetAsideQuery, 'query')) query: z.output<typeof gpus.SetAsideQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof gpus.SetAsideList> | StreamableFile> {
    const { reason, session, resolved, limit, format } = query;
    const [counts, list] = await Promise.all([
      this.billing.setAside.counts(),
      this.billing.setAside.list({
        ...{ limit, resolved },
        ...(reason !== undefined && { reason }),
        ...(session !== undefined && { sessionId: session as SessionId }),
      }),
    ]);
    const readings = list.map(viewSetAside);
    return answerTable({ format, accept }, 'set-aside', { counts: { ...counts }, readings }, readings);
  }

  @Get('focus.csv')
  @Endpoint({
    ...TAG,
    summary: 'Cost as FOCUS 1.2 (CSV)',
    description:
      'A row for each hour, tenant, pool and purchase kind, and for each cause that a pool stood idle for: ' +
      '`BilledCost` adds up to the GPUs’ bill. This month when `from` is absent. It is written as it is read.',
    query: WindowQuery.omit({ format: true }),
    answerType: 'text/csv',
    answerNote: 'CSV with a header',
  })
  async exportFocus(
    @Query(new Valid(WindowQuery.omit({ format: true }), 'query')) query: z.output<typeof WindowQuery>,
  ): Promise<StreamableFile> {
    const nowMs = this.billing.clock.nowMs();
    const window = windowOf({ from: toIso(monthOf(nowMs).fromMs), ...query }, nowMs);
    const tenants = new Map(
      (await this.billing.tenants.list()).map(({ tenantId, name }) => [tenantId, name]),
    );
    return focusFile('meridian-focus-cost', focusCostRows({ ...this.billing, tenants }, window));
  }
}
