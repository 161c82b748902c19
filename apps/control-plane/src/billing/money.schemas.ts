// Words that every billing answer shares. Money is a string of whole nano-units; buckets are `from` and `to`.
import { PURCHASE_KINDS } from '@meridian/domain';
import { z } from 'zod';
import { Currency, IsoTime, RegionIdText, TenantIdText } from '../http/schemas.ts';

export const PositiveNano = z
  .string()
  .regex(/^[1-9]\d{0,17}$/, 'must be a string of 1 to 18 digits above 0')
  .meta({ description: 'Whole nano-units of the currency, above 0', example: '25000000000' });

export const NotNegativeNano = z
  .string()
  .regex(/^\d{1,18}$/, 'must be a string of 1 to 18 digits')
  .meta({ description: 'Whole nano-units of the currency', example: '25000000000' });

export const GpuTypeText = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be a GPU type such as h100')
  .meta({ example: 'h100' });

export const PoolText = z
  .string()
  .max(200)
  .regex(/^[^/]+\/[^/]+\/.+@[^@]+$/, 'must be a pool id such as us-east/h100/gallery@1')
  .meta({ example: 'us-east/h100/gallery@1' });

export const ModelText = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the name of a model such as gallery')
  .meta({ example: 'gallery' });

export const ModelVersionText = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a model version such as 1.0.0')
  .meta({ example: '1.0.0' });

export const Purchase = z.enum(PURCHASE_KINDS).meta({ description: 'How the GPU was bought' });

export const PeriodText = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
  .meta({ description: 'A month in UTC', example: '2026-11' });

export const TraceIdText = z
  .string()
  .meta({ description: 'Trace id of the open that led to it', example: '4bf92f3577b34da6a3ce929d0e0e4736' });

/** Whole units of the currency, for reading: add up the nano-units instead. */
export const PerUserHour = z
  .number()
  .nullable()
  .meta({ description: 'Whole units of the currency; null before any use', example: 1.2 });

/** Pounds a user-hour that the field is known to cost (BILLING_CASES, 10). */
export const PER_USER_HOUR_BAND = { low: 0.8, high: 1.6, currency: 'GBP' } as const;

export const Band = z
  .object({ low: z.number(), high: z.number(), currency: Currency })
  .meta({ id: 'UserHourBand', description: 'What the field pays for a user-hour' });

export const Bucket = { from: IsoTime, to: IsoTime };

/** What a row is of; each is there when it was grouped by. */
export const Dimensions = {
  tenant: TenantIdText.optional(),
  model: z.string().optional(),
  modelVersion: z.string().optional(),
  region: RegionIdText.optional(),
  pool: z.string().optional(),
  gpuType: z.string().optional(),
  purchase: Purchase.optional(),
};
