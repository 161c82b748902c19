import type { Invoice, InvoiceId, InvoiceLine, Period, TenantId, TransferId } from '@meridian/domain';

export interface InvoiceRow {
  readonly invoice_id: InvoiceId;
  readonly number: string;
  readonly tenant_id: TenantId;
  readonly period: Period;
  readonly currency: string;
  readonly total_nano: string;
  readonly issued_at: Date;
}

export interface LineRow {
  readonly invoice_id: InvoiceId;
  readonly kind: InvoiceLine['kind'];
  readonly description: string;
  readonly model: string | null;
  readonly model_version: string | null;
  readonly region: string | null;
  readonly unit: InvoiceLine['unit'];
  readonly quantity: string;
  readonly unit_price_nano: string | null;
  readonly amount_nano: string;
  readonly fx_from: string | null;
  readonly fx_numerator: string | null;
  readonly fx_denominator: string | null;
  readonly transfer_ids: readonly TransferId[] | null;
}

export const invoiceFrom = (row: InvoiceRow, lines: readonly LineRow[]): Invoice => ({
  ...{ invoiceId: row.invoice_id, number: row.number, tenantId: row.tenant_id, period: row.period },
  ...{ currency: row.currency, status: 'issued', totalNano: BigInt(row.total_nano) },
  lines: lines.map((line) => lineFrom(line, row.currency)),
  issuedAtMs: row.issued_at.getTime(),
});

function lineFrom(row: LineRow, currency: string): InvoiceLine {
  const { kind, description, model, model_version, region, unit, fx_from, fx_numerator, fx_denominator } =
    row;
  return {
    ...{ kind, description, unit, quantity: Number(row.quantity) },
    ...(model !== null && { model }),
    ...(model_version !== null && { modelVersion: model_version }),
    ...(region !== null && { region }),
    ...(row.unit_price_nano !== null && { unitPriceNano: BigInt(row.unit_price_nano) }),
    ...{ amountNano: BigInt(row.amount_nano), currency },
    ...(fx_from !== null && {
      fxRate: {
        from: fx_from,
        numerator: BigInt(fx_numerator ?? 0),
        denominator: BigInt(fx_denominator ?? 1),
      },
    }),
    ...(row.transfer_ids !== null && { transferIds: row.transfer_ids }),
  };
}

/** Columns of `invoice_lines`. */
export const lineRow = (invoiceId: InvoiceId, line: InvoiceLine, i: number) => ({
  invoice_id: invoiceId,
  line: i + 1,
  kind: line.kind,
  description: line.description,
  model: line.model ?? null,
  model_version: line.modelVersion ?? null,
  region: line.region ?? null,
  unit: line.unit,
  quantity: line.quantity,
  unit_price_nano: textOf(line.unitPriceNano),
  amount_nano: String(line.amountNano),
  fx_from: line.fxRate?.from ?? null,
  fx_numerator: textOf(line.fxRate?.numerator),
  fx_denominator: textOf(line.fxRate?.denominator),
  transfer_ids: line.transferIds ?? null,
});

const textOf = (nano: bigint | undefined): string | null => (nano === undefined ? null : String(nano));
