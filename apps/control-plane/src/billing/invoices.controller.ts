import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  UseGuards,
  UseInterceptors,
  type StreamableFile,
} from '@nestjs/common';
import type { InvoiceId, Period, TenantId } from '@meridian/domain';
import { z } from 'zod';
import { AuditInterceptor } from '../admin/audit.interceptor.ts';
import { AdminKeyGuard } from '../auth/admin-key.guard.ts';
import { Endpoint } from '../http/endpoint.decorator.ts';
import { Valid } from '../http/validation.ts';
import { BILLING } from '../tokens.ts';
import type { Billing } from './billing.ts';
import { foundTenant } from './found-tenant.ts';
import { INVOICE_ID, InvoiceService } from './invoice-service.ts';
import * as schemas from './invoice.schemas.ts';

const TAG = { tag: 'billing', auth: 'adminKey' } as const;

@Controller('admin/v1/billing/invoices')
@UseGuards(AdminKeyGuard)
@UseInterceptors(AuditInterceptor)
export class InvoicesController {
  readonly #invoices: InvoiceService;

  constructor(@Inject(BILLING) private readonly billing: Billing) {
    this.#invoices = new InvoiceService(billing);
  }

  @Get()
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'List issued invoices, newest month first',
    query: schemas.InvoicesQuery,
    answer: schemas.InvoiceList,
  })
  async listInvoices(
    @Query(new Valid(schemas.InvoicesQuery, 'query'))
    { tenant, period, format }: z.output<typeof schemas.InvoicesQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.InvoiceList> | StreamableFile> {
    return this.#invoices.list(tenant as TenantId | undefined, period, { format, accept });
  }

  @Get('preview')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'What a month’s invoice would be if it ended now',
    description: 'Made by the same code as the invoice. Of a month that is closed it is the invoice itself.',
    query: schemas.PreviewQuery,
    answer: schemas.InvoiceView,
    problems: ['tenant_not_found', 'fx_rate_missing'],
  })
  async previewInvoice(
    @Query(new Valid(schemas.PreviewQuery, 'query'))
    { tenant, period, format }: z.output<typeof schemas.PreviewQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.InvoiceView> | StreamableFile> {
    const { tenantId } = await foundTenant(this.billing.tenants, tenant as TenantId);
    return this.#invoices.preview(tenantId, period, { format, accept });
  }

  @Post('issue')
  @HttpCode(200)
  @Endpoint({
    ...TAG,
    summary: 'Close a month and issue its invoices',
    description:
      'What a job does a day after the month’s end, at once. Twice is harmless: an invoice is issued once and never ' +
      'changes; what comes later is a correction in the current month.',
    body: schemas.IssueInvoices,
    answer: schemas.IssuedInvoices,
    problems: ['tenant_not_found'],
  })
  async issueInvoices(
    @Body(new Valid(schemas.IssueInvoices)) { period, tenant }: z.output<typeof schemas.IssueInvoices>,
  ): Promise<z.output<typeof schemas.IssuedInvoices>> {
    const tenants =
      tenant === undefined
        ? await this.billing.tenants.list()
        : [await foundTenant(this.billing.tenants, tenant as TenantId)];
    return this.#invoices.issue(
      period as Period,
      tenants.map(({ tenantId }) => tenantId),
    );
  }

  @Get(':invoiceId')
  @Endpoint({
    ...TAG,
    csv: true,
    summary: 'Read an issued invoice',
    params: { invoiceId: z.string() },
    query: schemas.FormatQuery,
    answer: schemas.InvoiceView,
    problems: ['invoice_not_found'],
  })
  async readInvoice(
    @Param('invoiceId', INVOICE_ID) invoiceId: InvoiceId,
    @Query(new Valid(schemas.FormatQuery, 'query')) { format }: z.output<typeof schemas.FormatQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof schemas.InvoiceView> | StreamableFile> {
    return this.#invoices.read(invoiceId, { format, accept });
  }
}
