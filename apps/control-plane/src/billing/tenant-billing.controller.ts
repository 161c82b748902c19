import {
  Controller,
  Get,
  Headers,
  Inject,
  Param,
  Query,
  UseGuards,
  type StreamableFile,
} from '@nestjs/common';
import type { Tenant } from '@meridian/application';
import { planAt, type InvoiceId, type RegionId } from '@meridian/domain';
import { z } from 'zod';
import { ApiKeyGuard } from '../auth/api-key.guard.ts';
import { CurrentTenant } from '../auth/tenant.decorator.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { Problem } from '../http/problem.ts';
import { defined, toIso } from '../http/schemas.ts';
import { Valid } from '../http/validation.ts';
import { BILLING } from '../tokens.ts';
import { answerTable } from './answer-table.ts';
import type { Billing } from './billing.ts';
import { focusPriceRows } from './focus-price.ts';
import { focusFile } from './focus.ts';
import { INVOICE_ID, InvoiceService } from './invoice-service.ts';
import * as invoices from './invoice.schemas.ts';
import { LedgerService } from './ledger-service.ts';
import * as money from './ledger.schemas.ts';
import { PlanView } from './plan.schemas.ts';
import { viewPlan } from './plan-view.ts';
import * as schemas from './usage.schemas.ts';
import { viewTenantRows } from './usage-view.ts';
import { WindowQuery } from './window.schemas.ts';
import { monthOf, windowOf } from './window.ts';

const TAG = { tag: 'billing', auth: 'apiKey' } as const;

/** What a tenant used, and what it pays. Every answer is of the key's own tenant (S1); our cost is in none. */
@Controller('v1/billing')
@UseGuards(ApiKeyGuard)
export class TenantBillingController {
  readonly #invoices: InvoiceService;
  readonly #ledger: LedgerService;

  constructor(@Inject(BILLING) private readonly billing: Billing) {
    this.#invoices = new InvoiceService(billing);
    this.#ledger = new LedgerService(billing);
  }

  @Get('usage')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Usage and price, by model, region and time',
    description:
      'Sums of whole UTC hours, in days and months of `timeZone`. `priceNano` is what was charged, where rows are not ' +
      'split by model or region.',
    query: schemas.TenantUsageQuery,
    answer: schemas.TenantUsage,
  })
  async readOwnUsage(
    @CurrentTenant() { tenantId }: Tenant,
    @Query(new Valid(schemas.TenantUsageQuery, 'query')) query: z.output<typeof schemas.TenantUsageQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.TenantUsage> | StreamableFile> {
    const { interval, timeZone, groupBy = [], format, region, model, modelVersion } = query;
    const window = windowOf(query, this.billing.clock.nowMs());
    const report = await this.billing.readUsageReport({
      ...{ ...window, interval, timeZone, groupBy, tenantId, idle: 'own' },
      ...defined({ model, modelVersion }),
      ...(region !== undefined && { region: region as RegionId }),
    });
    const rows = viewTenantRows(report);
    const bounds = { from: toIso(window.fromMs), to: toIso(window.toMs) };
    return answerTable({ format, accept }, 'usage', { ...bounds, interval, timeZone, groupBy, rows }, rows);
  }

  @Get('plan')
  @Endpoint({ ...TAG, summary: 'The price plan in force', answer: PlanView, problems: ['plan_not_found'] })
  async readOwnPlan(@CurrentTenant() { tenantId }: Tenant): Promise<z.output<typeof PlanView>> {
    const plan = planAt(await this.billing.plans.all(), tenantId, this.billing.clock.nowMs());
    if (!plan) throw new Problem('plan_not_found', 'No price plan is in force for you: nothing is charged.');
    return viewPlan(plan);
  }

  @Get('invoices')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'List invoices, newest month first',
    query: invoices.TenantInvoicesQuery,
    answer: invoices.InvoiceList,
  })
  async listOwnInvoices(
    @CurrentTenant() { tenantId }: Tenant,
    @Query(new Valid(invoices.TenantInvoicesQuery, 'query'))
    { period, format }: z.output<typeof invoices.TenantInvoicesQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof invoices.InvoiceList> | StreamableFile> {
    return this.#invoices.list(tenantId, period, { format, accept });
  }

  @Get('invoices/preview')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'What a month’s invoice would be if it ended now',
    query: invoices.TenantPreviewQuery,
    answer: invoices.InvoiceView,
    problems: ['fx_rate_missing'],
  })
  async previewOwnInvoice(
    @CurrentTenant() { tenantId }: Tenant,
    @Query(new Valid(invoices.TenantPreviewQuery, 'query'))
    { period, format }: z.output<typeof invoices.TenantPreviewQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof invoices.InvoiceView> | StreamableFile> {
    return this.#invoices.preview(tenantId, period, { format, accept });
  }

  @Get('invoices/:invoiceId')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Read an invoice',
    params: { invoiceId: z.string() },
    query: invoices.FormatQuery,
    answer: invoices.InvoiceView,
    problems: ['invoice_not_found'],
  })
  async readOwnInvoice(
    @CurrentTenant() { tenantId }: Tenant,
    @Param('invoiceId', INVOICE_ID) invoiceId: InvoiceId,
    @Query(new Valid(invoices.FormatQuery, 'query')) { format }: z.output<typeof invoices.FormatQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof invoices.InvoiceView> | StreamableFile> {
    return this.#invoices.read(invoiceId, { format, accept }, tenantId);
  }

  @Get('ledger')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'What was charged, paid and given back, oldest first',
    query: money.TenantLedgerQuery,
    answer: money.TransferList,
  })
  async readOwnLedger(
    @CurrentTenant() { tenantId }: Tenant,
    @Query(new Valid(money.TenantLedgerQuery, 'query')) query: z.output<typeof money.TenantLedgerQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof money.TransferList> | StreamableFile> {
    return this.#ledger.page(tenantId, query, accept);
  }

  @Get('wallet')
  @Endpoint({ ...TAG, summary: 'What you have and owe', answer: money.WalletView })
  async readOwnWallet(@CurrentTenant() { tenantId }: Tenant): Promise<z.output<typeof money.WalletView>> {
    return this.#ledger.wallet(tenantId);
  }

  @Get('budgets')
  @Endpoint({ ...TAG, summary: 'Your budgets, and what is spent of them', answer: money.BudgetList })
  async readOwnBudgets(@CurrentTenant() { tenantId }: Tenant): Promise<z.output<typeof money.BudgetList>> {
    return this.#ledger.budgets(tenantId);
  }

  @Get('focus.csv')
  @Endpoint({
    ...TAG,
    summary: 'What you are charged, as FOCUS 1.2 (CSV)',
    description: 'A row for each entry that is on your invoices. This month when `from` is absent.',
    query: WindowQuery.omit({ format: true }),
    answerType: 'text/csv',
    answerNote: 'CSV with a header',
  })
  async exportOwnFocus(
    @CurrentTenant() tenant: Tenant,
    @Query(new Valid(WindowQuery.omit({ format: true }), 'query')) query: z.output<typeof WindowQuery>,
  ): Promise<StreamableFile> {
    const nowMs = this.billing.clock.nowMs();
    const window = windowOf({ from: toIso(monthOf(nowMs).fromMs), ...query }, nowMs);
    return focusFile('meridian-focus', focusPriceRows(this.billing, tenant, window));
  }
}
