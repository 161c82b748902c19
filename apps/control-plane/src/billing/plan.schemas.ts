import { z } from 'zod';
import { Currency, IsoTime, Name, TenantIdText } from '../http/schemas.ts';
import * as words from './money.schemas.ts';

const Unit = z.enum(['active_second', 'started_minute']);
const Mode = z
  .enum(['graduated', 'package'])
  .meta({ description: '`graduated` prices each unit in its tier; `package` sells whole packages' });

const Tier = z.strictObject({
  upTo: z.int().min(1).optional().meta({
    description: 'Units of the month that it reaches to; absent in the last',
  }),
  nanoPerUnit: words.NotNegativeNano,
  flatNano: words.NotNegativeNano.optional().meta({ description: 'Charged once, when the tier is entered' }),
});

export const PlanLineView = z.strictObject({
  model: words.ModelText.optional().meta({
    description: 'Every model without a line of its own when absent',
  }),
  modelVersion: words.ModelVersionText.optional(),
  unit: Unit,
  mode: Mode,
  tiers: z.array(Tier).min(1).max(20),
  packageSize: z.int().min(1).optional().meta({ description: 'Units in a package' }),
});

const Commitment = z
  .strictObject({ nanoPerHour: words.PositiveNano, until: IsoTime })
  .meta({ description: 'Paid every hour, used or not; use beyond it is charged on top' });

const Promise = z
  .strictObject({ lateShareMax: z.number().min(0).max(1), creditShare: z.number().min(0).max(1) })
  .meta({ description: 'A month with a larger share of late frames is credited this share of its charge' });

const PlanFields = {
  name: Name,
  tenant: TenantIdText.optional().meta({
    description: 'Every tenant without a plan of its own when absent',
  }),
  currency: Currency,
  invoiceCurrency: Currency.optional().meta({
    description:
      'What invoices are in; each line keeps the rate that it was converted at. `currency` when absent',
  }),
  lines: z.array(PlanLineView).min(1).max(50),
  includedMs: z.int().min(0).default(0).meta({ description: 'Use in a month that is not charged, ms' }),
  minimumNano: words.NotNegativeNano.default('0').meta({ description: 'Least charge of a month' }),
  commitment: Commitment.optional(),
  promise: Promise.optional(),
  billing: z.enum(['postpaid', 'prepaid']).default('postpaid'),
};

export const CreatePlan = z
  .strictObject({ ...PlanFields, effectiveFrom: IsoTime.optional().meta({ description: 'Now when absent' }) })
  .meta({ id: 'CreatePlan' });

export const PlanView = z
  .object({ id: z.string(), ...PlanFields, effectiveFrom: IsoTime, recordedAt: IsoTime })
  .meta({ id: 'Plan' });

export const PlanList = z.object({ plans: z.array(PlanView) }).meta({ id: 'PlanList' });

const Ratio = z
  .strictObject({
    numerator: z.string().regex(/^[1-9]\d{0,17}$/, 'must be a whole number above 0, as a string'),
    denominator: z.string().regex(/^[1-9]\d{0,17}$/, 'must be a whole number above 0, as a string'),
  })
  .meta({
    description: 'Exact: units of `to` for one of `from`',
    example: { numerator: '127', denominator: '100' },
  });

const FxFields = { from: Currency, to: Currency, rate: Ratio, source: Name };

export const CreateFxRate = z
  .strictObject({ ...FxFields, effectiveFrom: IsoTime.optional().meta({ description: 'Now when absent' }) })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must be another currency than `from`' })
  .meta({ id: 'CreateFxRate' });

export const FxRateView = z
  .object({ ...FxFields, effectiveFrom: IsoTime, recordedAt: IsoTime })
  .meta({ id: 'FxRate' });

export const FxRateList = z.object({ fxRates: z.array(FxRateView) }).meta({ id: 'FxRateList' });
