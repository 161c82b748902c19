// An invoice lists what its period's transfers come to, in the tenant's currency, rounded once. Usage is taken from the
// price itself, so that a preview and the invoice are made by the same code; for an issued one both agree (see
// `isComplete`).
import type { TenantId, TransferId } from '../ids.ts';
import { convertNano, fxAt, type FxRate } from './fx.ts';
import { invoiceIdOf, type Invoice, type InvoiceLine } from './invoice.ts';
import type { PeriodPrice } from './period-price.ts';
import { periodEndMs, type Period } from './period.ts';
import { minorUnitNano, roundLines } from './round-lines.ts';
import type { Due } from './series.ts';
import { paidNano, type Transfer } from './transfer.ts';

export interface InvoiceInput {
  readonly tenantId: TenantId;
  readonly period: Period;
  /** What it is to be in. */
  readonly currency: string;
  readonly price: PeriodPrice;
  /** Minimum, commitment, service credits. */
  readonly closing: readonly Due[];
  /** Everything that is posted to the period. */
  readonly posted: readonly Transfer[];
  readonly fxRates: readonly FxRate[];
}

/** A line before it is converted and rounded. */
type Draft = Omit<InvoiceLine, 'fxRate'>;

export type MadeInvoice =
  | { readonly kind: 'made'; readonly invoice: Invoice }
  /** No rate is known between the two. */
  | { readonly kind: 'no_fx_rate'; readonly from: string; readonly to: string };

/** A preview; amounts are in whole minor units of its currency, and add up. */
export function makeInvoice(input: InvoiceInput): MadeInvoice {
  const { tenantId, period, currency } = input;
  const drafts = [
    ...usageLines(input),
    ...includedLines(input),
    ...closingLines(input),
    ...postedLines(input),
  ];
  const lines: InvoiceLine[] = [];
  for (const draft of drafts) {
    const rate = fxAt(input.fxRates, draft.currency, currency, periodEndMs(period) - 1);
    if (!rate) return { kind: 'no_fx_rate', from: draft.currency, to: currency };
    const fx = draft.currency === currency ? {} : { fxRate: { ...rate, from: draft.currency } };
    lines.push({ ...draft, ...fx, amountNano: convertNano(draft.amountNano, rate), currency });
  }
  const rounded = roundLines(
    lines.map(({ amountNano }) => amountNano),
    minorUnitNano(currency),
  );
  const whole = lines.map((line, i) => ({ ...line, amountNano: rounded[i] ?? 0n }));
  const totalNano = rounded.reduce((sum, nano) => sum + nano, 0n);
  const head = { invoiceId: invoiceIdOf(tenantId, period), tenantId, period, currency };
  return { kind: 'made', invoice: { ...head, status: 'preview', lines: whole, totalNano } };
}

/** True when all usage of the price is in the ledger, and nothing else: only then may the invoice be issued. */
export function isComplete({ price, posted }: Pick<InvoiceInput, 'price' | 'posted'>): boolean {
  const left = new Map<string, bigint>();
  const add = (currency: string, nano: bigint) => left.set(currency, (left.get(currency) ?? 0n) + nano);
  for (const { plan, nano } of price.charges) add(plan.currency, nano);
  for (const row of posted) if (isUsage(row)) add(row.currency, -paidNano(row));
  return [...left.values()].every((nano) => nano === 0n);
}

const isUsage = ({ hourMs, corrects }: Transfer): boolean => hourMs !== undefined && corrects === undefined;

const MILLI = 1_000;

function usageLines({ price, posted }: InvoiceInput): readonly Draft[] {
  const byHour = Map.groupBy(posted.filter(isUsage), ({ hourMs }) => hourMs);
  return price.shares.map(({ plan, line, model, modelVersion, region, quantityMilli, nano, hours }) => {
    const transferIds = hours.flatMap((hourMs) => (byHour.get(hourMs) ?? []).map(idOf));
    const [tier] = line.tiers;
    const isFlat = line.mode === 'graduated' && line.tiers.length === 1 && tier?.flatNano === undefined;
    return {
      ...{ kind: 'usage', description: `${model}@${modelVersion} in ${region} (${plan.name})` },
      ...{ model, modelVersion, region, unit: line.unit, quantity: Number(quantityMilli) / MILLI },
      ...(isFlat && tier && { unitPriceNano: tier.nanoPerUnit }),
      ...{ amountNano: nano, currency: plan.currency, transferIds },
    };
  });
}

const includedLines = ({ price }: InvoiceInput): readonly Draft[] =>
  price.included.map(({ plan, line, quantityMilli }) => ({
    ...{ kind: 'included', description: `included in ${plan.name}`, unit: line.unit },
    ...(line.model !== undefined && { model: line.model }),
    ...(line.modelVersion !== undefined && { modelVersion: line.modelVersion }),
    ...{ quantity: Number(quantityMilli) / MILLI, amountNano: 0n, currency: plan.currency },
  }));

function closingLines({ closing }: InvoiceInput): readonly Draft[] {
  return closing.map(({ series, kind, reason, nano, currency }) => ({
    ...{ kind: kind as Exclude<Due['kind'], 'charge'>, description: reason, unit: 'month', quantity: 1 },
    ...{ amountNano: nano, currency, transferIds: [`${series}_0` as TransferId] },
  }));
}

/** Corrections of closed periods, one line a period; refunds and grants, one line each. Wallets are no invoice's. */
function postedLines({ tenantId, posted }: InvoiceInput): readonly Draft[] {
  const corrections = Map.groupBy(
    posted.filter(({ corrects }) => corrects !== undefined),
    ({ corrects, currency }) => `${corrects} ${currency}`,
  );
  const given = posted.filter(
    ({ kind, credit }) =>
      kind === 'refund' || (kind === 'grant' && !credit.startsWith(`tenant/${tenantId}/wallet`)),
  );
  return [
    ...[...corrections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rows]) => correctionLine(rows)),
    ...given.map((row) => ({ ...monthLine(row.kind as 'refund' | 'grant', row.reason, [row]) })),
  ];
}

const correctionLine = (rows: readonly Transfer[]): Draft =>
  monthLine('correction', `correction of ${rows[0]?.corrects ?? ''}`, rows);

const monthLine = (kind: Draft['kind'], description: string, rows: readonly Transfer[]): Draft => ({
  ...{ kind, description, unit: 'month', quantity: 1, currency: rows[0]?.currency ?? '' },
  ...{ amountNano: rows.reduce((sum, row) => sum + paidNano(row), 0n), transferIds: rows.map(idOf) },
});

const idOf = ({ transferId }: Transfer): TransferId => transferId;
