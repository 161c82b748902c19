import {
  Body,
  Controller,
  Get,
  Headers,
  Inject,
  Post,
  Query,
  UseGuards,
  UseInterceptors,
  type StreamableFile,
} from '@nestjs/common';
import type { TenantId } from '@meridian/domain';
import type { z } from 'zod';
import { AuditInterceptor } from '../admin/audit.interceptor.ts';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { Valid, invalid } from '../http/validation.ts';
import { BILLING } from '../tokens.ts';
import { answerTable } from './answer-table.ts';
import type { Billing } from './billing.ts';
import { foundTenant } from './found-tenant.ts';
import { FormatQuery } from './invoice.schemas.ts';
import * as schemas from './plan.schemas.ts';
import { planErrors, toPlan, viewFxRate, viewPlan } from './plan-view.ts';

const TAG = { tag: 'billing', auth: 'adminKey' } as const;

/** What tenants pay, and at which rates of exchange. */
@Controller('admin/v1/billing')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class PlansController {
  constructor(@Inject(BILLING) private readonly billing: Billing) {}

  @Get('plans')
  @Endpoint({ ...TAG, summary: 'List price plans, oldest first', answer: schemas.PlanList })
  async listPlans(): Promise<z.output<typeof schemas.PlanList>> {
    return { plans: (await this.billing.plans.all()).map(viewPlan) };
  }

  @Post('plans')
  @Endpoint({
    ...TAG,
    summary: 'Record a price plan',
    description:
      'For a tenant, or for all that have none of their own. A plan is never changed: a new price is a new plan from a ' +
      'date on. Hours that it prices otherwise are charged anew, those of closed months as corrections.',
    body: schemas.CreatePlan,
    status: 201,
    answer: schemas.PlanView,
    problems: ['tenant_not_found'],
  })
  async createPlan(
    @Body(new Valid(schemas.CreatePlan)) body: z.output<typeof schemas.CreatePlan>,
  ): Promise<z.output<typeof schemas.PlanView>> {
    if (body.tenant !== undefined) await foundTenant(this.billing.tenants, body.tenant as TenantId);
    const outcome = await this.billing.addPlan(toPlan(body, this.billing.clock.nowMs()));
    if (outcome.kind === 'impossible') throw invalid(planErrors(outcome.problems));
    return viewPlan(outcome.plan);
  }

  @Get('fx-rates')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'List rates of exchange',
    query: FormatQuery,
    answer: schemas.FxRateList,
  })
  async listFxRates(
    @Query(new Valid(FormatQuery, 'query')) { format }: z.output<typeof FormatQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.FxRateList> | StreamableFile> {
    const fxRates = (await this.billing.fxRates.all()).map(viewFxRate);
    return answerTable({ format, accept }, 'fx-rates', { fxRates }, fxRates);
  }

  @Post('fx-rates')
  @Endpoint({
    ...TAG,
    summary: 'Record a rate of exchange',
    description: 'An invoice line keeps the rate that it was converted at. A correction is a new rate.',
    body: schemas.CreateFxRate,
    status: 201,
    answer: schemas.FxRateView,
  })
  async createFxRate(
    @Body(new Valid(schemas.CreateFxRate)) body: z.output<typeof schemas.CreateFxRate>,
  ): Promise<z.output<typeof schemas.FxRateView>> {
    const { from, to, rate, source, effectiveFrom } = body;
    const recordedAtMs = this.billing.clock.nowMs();
    const recorded = {
      ...{ from, to, source, recordedAtMs },
      rate: { numerator: BigInt(rate.numerator), denominator: BigInt(rate.denominator) },
      effectiveFromMs: effectiveFrom === undefined ? recordedAtMs : Date.parse(effectiveFrom),
    };
    await this.billing.fxRates.add(recorded);
    return viewFxRate(recorded);
  }
}
