import { z } from 'zod';
import { Currency, IsoTime, Nano, RegionIdText, TenantIdText } from '../http/schemas.ts';
import * as words from './money.schemas.ts';
import { Format } from './window.schemas.ts';

const INVOICE_LINE_KINDS = [
  'usage',
  'included',
  'commitment',
  'minimum',
  'correction',
  'sla_credit',
  'refund',
  'grant',
] as const;

export const InvoiceLineView = z.object({
  kind: z.enum(INVOICE_LINE_KINDS),
  description: z.string(),
  model: z.string().optional(),
  modelVersion: z.string().optional(),
  region: RegionIdText.optional(),
  unit: z.enum(['active_second', 'started_minute', 'month']),
  quantity: z.number().meta({ description: 'Units; active seconds to the millisecond', example: 3600 }),
  unitPriceNano: Nano.optional(),
  amountNano: Nano.meta({ description: 'Whole minor units of the currency' }),
  currency: Currency,
  fxRate: z
    .object({ from: Currency, numerator: z.string(), denominator: z.string() })
    .optional()
    .meta({ description: 'The exact rate at which this line was converted, frozen with it' }),
  transferIds: z
    .array(z.string())
    .optional()
    .meta({ description: 'Ledger entries that it sums; each names its hour' }),
});

const InvoiceHead = {
  id: z.string(),
  number: z.string().optional().meta({ description: 'Given when it is issued' }),
  tenant: TenantIdText,
  period: words.PeriodText,
  currency: Currency,
  status: z.enum(['preview', 'issued']),
  totalNano: Nano,
  issuedAt: IsoTime.optional(),
};

export const InvoiceHeadView = z.object(InvoiceHead).meta({ id: 'InvoiceHead' });
export const InvoiceView = z
  .object({ ...InvoiceHead, lines: z.array(InvoiceLineView) })
  .meta({ id: 'Invoice', description: 'Lines add up to `totalNano` exactly' });
export const InvoiceList = z.object({ invoices: z.array(InvoiceHeadView) }).meta({ id: 'InvoiceList' });

export const InvoicesQuery = z.strictObject({
  tenant: TenantIdText.optional(),
  period: words.PeriodText.optional(),
  format: Format,
});
export const TenantInvoicesQuery = InvoicesQuery.omit({ tenant: true });
export const PreviewQuery = z.strictObject({
  tenant: TenantIdText,
  period: words.PeriodText.optional().meta({ description: 'This month when absent' }),
  format: Format,
});
export const TenantPreviewQuery = PreviewQuery.omit({ tenant: true });
export const FormatQuery = z.strictObject({ format: Format });

export const IssueInvoices = z
  .strictObject({
    period: words.PeriodText,
    tenant: TenantIdText.optional().meta({ description: 'Every tenant when absent' }),
  })
  .meta({ id: 'IssueInvoices' });

export const IssuedInvoices = z
  .object({
    issued: z.array(InvoiceHeadView),
    left: z.array(
      z.object({
        tenant: TenantIdText,
        reason: z.enum(['nothing', 'not_over', 'no_fx_rate', 'busy']),
        fix: z.string(),
      }),
    ),
  })
  .meta({ id: 'IssuedInvoices', description: '`issued` holds those that were issued before too' });
