import { IDLE_RULES } from '@meridian/domain';
import { z } from 'zod';
import { Currency, IsoTime, Nano, RegionIdText, SessionIdText, TenantIdText } from '../http/schemas.ts';
import * as words from './money.schemas.ts';
import { Format, Interval, TimeZone, WindowFields, namesOf } from './window.schemas.ts';

export const USAGE_DIMENSIONS = [
  'tenant',
  'model',
  'modelVersion',
  'region',
  'pool',
  'gpuType',
  'purchase',
] as const;

const Filters = {
  model: words.ModelText.optional(),
  modelVersion: words.ModelVersionText.optional(),
  region: RegionIdText.optional(),
  pool: words.PoolText.optional(),
  gpuType: words.GpuTypeText.optional(),
};

export const UsageQuery = z.strictObject({
  ...WindowFields,
  interval: Interval.default('day'),
  timeZone: TimeZone.default('UTC'),
  groupBy: namesOf(USAGE_DIMENSIONS),
  tenant: TenantIdText.optional(),
  ...Filters,
  idle: z
    .enum(IDLE_RULES)
    .default('own')
    .meta({
      description:
        'Who bears what stood idle: `own` leaves it in a row without a tenant, the others share each pool’s among ' +
        'the tenants that used it in that bucket',
    }),
  format: Format,
});

/** A tenant asks about itself only, and is not told who else shares a GPU. */
export const TenantUsageQuery = z.strictObject({
  ...WindowFields,
  interval: Interval.default('day'),
  timeZone: TimeZone.default('UTC'),
  groupBy: namesOf(['model', 'modelVersion', 'region']),
  model: Filters.model,
  modelVersion: Filters.modelVersion,
  region: Filters.region,
  format: Format,
});

const Used = {
  userHours: z.number().meta({ description: 'activeMs as hours, for reading' }),
  activeMs: z.int().meta({ description: 'Time with a client attached' }),
  frames: z.int(),
  lateFrames: z.int(),
  sessionsStarted: z.int(),
};

const Price = Nano.optional().meta({
  description: 'What was charged; there when rows are of tenants or of all, not of models or places',
});

export const BillingUsageRow = z
  .object({
    ...words.Bucket,
    ...words.Dimensions,
    currency: Currency,
    ...Used,
    startedMinutes: z.int(),
    gpuMs: z
      .number()
      .meta({ description: 'GPU time that sessions held: active time by their share of GPUs' }),
    costNano: Nano.meta({ description: 'What that GPU time cost us' }),
    idleNano: Nano.meta({ description: 'What stood idle, as the rule shares it' }),
    priceNano: Price,
    perUserHour: words.PerUserHour.meta({ description: 'costNano per user-hour, in whole units' }),
    perUserHourLoaded: words.PerUserHour.meta({ description: 'The same with idleNano' }),
    perFrameNano: z.number().nullable().meta({ description: 'costNano per frame' }),
  })
  .meta({ id: 'BillingUsageRow' });

const Cut = {
  from: IsoTime,
  to: IsoTime,
  interval: Interval,
  timeZone: z.string(),
  groupBy: z.array(z.enum(USAGE_DIMENSIONS)),
};

export const BillingUsage = z
  .object({ ...Cut, idle: z.enum(IDLE_RULES), band: words.Band, rows: z.array(BillingUsageRow) })
  .meta({ id: 'BillingUsage' });

export const TenantUsageRow = z
  .object({
    ...words.Bucket,
    model: z.string().optional(),
    modelVersion: z.string().optional(),
    region: RegionIdText.optional(),
    ...Used,
    startedMinutes: z.int(),
    priceNano: Price,
    currency: Currency.optional().meta({ description: 'Of the price; absent where nothing was charged' }),
  })
  .meta({ id: 'TenantUsageRow' });

export const TenantUsage = z.object({ ...Cut, rows: z.array(TenantUsageRow) }).meta({ id: 'TenantUsage' });

export const TopSessionsQuery = z.strictObject({
  ...WindowFields,
  tenant: TenantIdText.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(20),
  format: Format,
});

export const TopSessionRow = z.object({
  session: SessionIdText,
  tenant: TenantIdText,
  model: z.string(),
  region: RegionIdText,
  activeMs: z.int(),
  costNano: Nano,
  currency: Currency,
  traceId: words.TraceIdText.optional(),
});

export const TopSessions = z
  .object({ ...words.Bucket, rows: z.array(TopSessionRow) })
  .meta({ id: 'TopSessions' });
