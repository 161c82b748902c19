// What both billing APIs answer of invoices, each for whom it may (S1).
import type { StreamableFile } from '@nestjs/common';
import {
  parsePeriod,
  periodAt,
  type Invoice,
  type InvoiceId,
  type Period,
  type TenantId,
} from '@meridian/domain';
import type { CloseOutcome } from '@meridian/application';
import type { z } from 'zod';
import { IdParam } from '../http/id-param.ts';
import { Problem } from '../http/problem.ts';
import { answerTable, type Asked } from './answer-table.ts';
import type { Billing } from './billing.ts';
import type { InvoiceList, InvoiceView, IssuedInvoices } from './invoice.schemas.ts';
import { viewInvoice, viewInvoiceHead } from './money-view.ts';

const noInvoice = () =>
  new Problem(
    'invoice_not_found',
    'There is no issued invoice with this id here; list those that there are.',
  );

export const INVOICE_ID = new IdParam<InvoiceId>(/^inv_[A-Za-z0-9_-]{1,100}$/, noInvoice);

type View = z.output<typeof InvoiceView> | StreamableFile;

export class InvoiceService {
  readonly #billing: Billing;

  constructor(billing: Billing) {
    this.#billing = billing;
  }

  async list(
    tenantId: TenantId | undefined,
    period: string | undefined,
    asked: Asked,
  ): Promise<z.output<typeof InvoiceList> | StreamableFile> {
    const found = await this.#billing.invoices.list({
      ...(tenantId !== undefined && { tenantId }),
      ...(period !== undefined && { period: period as Period }),
    });
    const invoices = found.map(viewInvoiceHead);
    return answerTable(asked, 'invoices', { invoices }, invoices);
  }

  /** Another tenant's invoice is answered as one that does not exist. */
  async read(invoiceId: InvoiceId, asked: Asked, tenantId?: TenantId): Promise<View> {
    const invoice = await this.#billing.invoices.find(invoiceId);
    if (!invoice || (tenantId !== undefined && invoice.tenantId !== tenantId)) throw noInvoice();
    return answerInvoice(invoice, asked);
  }

  async preview(tenantId: TenantId, period: string | undefined, asked: Asked): Promise<View> {
    const of = { tenantId, period: this.#periodOf(period) };
    const made = await this.#billing.previewInvoice(of);
    if (made.kind === 'no_fx_rate') throw noRate(made.from, made.to);
    return answerInvoice(made.invoice, asked);
  }

  async issue(period: Period, tenants: readonly TenantId[]): Promise<z.output<typeof IssuedInvoices>> {
    const issued: Invoice[] = [];
    const left: z.output<typeof IssuedInvoices>['left'] = [];
    for (const tenantId of tenants) {
      const outcome = await this.#billing.closePeriod({ tenantId, period });
      if ('invoice' in outcome) issued.push(outcome.invoice);
      else left.push({ tenant: tenantId, reason: outcome.kind, fix: fixFor(outcome) });
    }
    return { issued: issued.map(viewInvoiceHead), left };
  }

  #periodOf(text: string | undefined): Period {
    return (text === undefined ? undefined : parsePeriod(text)) ?? periodAt(this.#billing.clock.nowMs());
  }
}

const answerInvoice = (invoice: Invoice, asked: Asked): View => {
  const view = viewInvoice(invoice);
  const { id, number, tenant, period } = view;
  const lines = view.lines.map((line) => ({ invoice: id, number, tenant, period, ...line }));
  return answerTable(asked, `invoice-${id}`, view, lines);
};

const noRate = (from: string, to: string) =>
  new Problem(
    'fx_rate_missing',
    `No rate of exchange from ${from} to ${to} is known; record one with POST /admin/v1/billing/fx-rates.`,
  );

function fixFor(outcome: Exclude<CloseOutcome, { readonly invoice: Invoice }>): string {
  switch (outcome.kind) {
    case 'nothing':
      return 'nothing: there is nothing to invoice';
    case 'not_over':
      return 'issue it once the month is over; until then read its preview';
    case 'no_fx_rate':
      return `record a rate of exchange from ${outcome.from} to ${outcome.to}, then issue it again`;
    case 'busy':
      return 'try again: usage or postings kept coming in';
  }
}
