// FOCUS 1.2 (https://focus.finops.org): cost and usage in columns that every FinOps tool reads. All columns that it makes
// mandatory are here, and those of its conditional ones that apply; what is ours alone is led by x_. We publish no price
// list, so the unit prices and their ids are left out. Costs are exact decimals: they add up to the bill.
import type { StreamableFile } from '@nestjs/common';
import { csvFile } from './answer-table.ts';
import type { CsvRow } from './csv.ts';
import { decimalOf } from './figures.ts';

export const FOCUS_COLUMNS = [
  'BilledCost',
  'BillingAccountId',
  'BillingAccountName',
  'BillingAccountType',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'ChargeFrequency',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ConsumedQuantity',
  'ConsumedUnit',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceId',
  'InvoiceIssuerName',
  'ListCost',
  'PricingCategory',
  'PricingQuantity',
  'PricingUnit',
  'ProviderName',
  'PublisherName',
  'RegionId',
  'RegionName',
  'ResourceId',
  'ResourceName',
  'ResourceType',
  'ServiceCategory',
  'ServiceName',
  'ServiceSubcategory',
  'SkuId',
  'SkuMeter',
  'SubAccountId',
  'SubAccountName',
  'SubAccountType',
  'Tags',
] as const;

/** Ours. */
export const FOCUS_OWN_COLUMNS = [
  'x_Frames',
  'x_GpuMilliseconds',
  'x_GpuType',
  'x_IdleCause',
  'x_LateFrames',
  'x_Model',
  'x_ModelVersion',
  'x_Purchase',
  'x_SessionsStarted',
  'x_TransferId',
  'x_TransferKind',
] as const;

type Column = (typeof FOCUS_COLUMNS)[number] | (typeof FOCUS_OWN_COLUMNS)[number];
export type FocusRow = CsvRow & Partial<Record<Column, CsvRow[string]>>;

/** To the second, as FOCUS writes times. */
export const focusTime = (unixMs: number): string => new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** A charge has the same cost by every measure here: nothing is discounted from a list or paid beforehand. */
export const costs = (nano: bigint) => {
  const cost = decimalOf(nano);
  return { BilledCost: cost, ContractedCost: cost, EffectiveCost: cost, ListCost: cost };
};

/** The month that is billed is that of `billedAtMs`. */
export function periods(fromMs: number, toMs: number, billedAtMs = fromMs) {
  const at = new Date(billedAtMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return {
    BillingPeriodStart: focusTime(Date.UTC(year, month)),
    BillingPeriodEnd: focusTime(Date.UTC(year, month + 1)),
    ChargePeriodStart: focusTime(fromMs),
    ChargePeriodEnd: focusTime(toMs),
  };
}

export const SERVICE = {
  InvoiceIssuerName: 'Meridian',
  ProviderName: 'Meridian',
  PublisherName: 'Meridian',
  ServiceCategory: 'AI and Machine Learning',
  ServiceName: 'Meridian sessions',
  ServiceSubcategory: 'Generative AI',
} as const;

const HOUR_MS = 3_600_000;

/** Hours as a decimal, to the millisecond and a little further. */
export const hoursOf = (ms: number): string => String(Number((ms / HOUR_MS).toFixed(9)));

/** The first row is read before anything is answered, so that a store that is away is told as such. */
export async function focusFile(name: string, rows: AsyncGenerator<FocusRow>): Promise<StreamableFile> {
  const first = await rows.next();
  async function* all(): AsyncGenerator<FocusRow> {
    if (first.done) return;
    yield first.value;
    yield* rows;
  }
  return csvFile(name, [...FOCUS_COLUMNS, ...FOCUS_OWN_COLUMNS], all());
}
