import { IDLE_RULES } from '@meridian/domain';
import { z } from 'zod';
import { Currency, IsoTime, Nano, RegionIdText, TenantIdText } from '../http/schemas.ts';
import * as words from './money.schemas.ts';
import { Format, WindowFields } from './window.schemas.ts';

const LiveFigures = {
  currency: Currency,
  sessions: z.int().meta({ description: 'Slots that sessions hold now' }),
  slots: z.int().meta({ description: 'Slots of ready workers' }),
  gpus: z.int(),
  nanoPerHour: Nano.meta({ description: 'What the GPUs that are up cost an hour' }),
  perUserHour: words.PerUserHour,
  perUserHourLoaded: words.PerUserHour,
};

export const Live = z
  .object({
    at: IsoTime,
    band: words.Band,
    ...LiveFigures,
    byRegion: z.array(z.object({ region: RegionIdText, ...LiveFigures })),
    byModel: z.array(z.object({ model: z.string(), ...LiveFigures })),
    unreachableRegions: z.array(RegionIdText),
  })
  .meta({ id: 'LiveCost' });

export const EconomicsRow = z
  .object({
    pool: z.string(),
    currency: Currency,
    slotsPerGpu: z.number().meta({ description: 'Sessions that a GPU can serve at once' }),
    density: z.number().meta({ description: 'Sessions that a GPU that was up served, on average' }),
    userHours: z.number(),
    frames: z.int(),
    sessionNano: Nano,
    idleNano: Nano,
    perUserHour: words.PerUserHour,
    perUserHourLoaded: words.PerUserHour,
    perFrameNano: z.number().nullable(),
  })
  .meta({ id: 'EconomicsRow' });

export const Economics = z
  .object({ ...words.Bucket, band: words.Band, rows: z.array(EconomicsRow) })
  .meta({ id: 'Economics' });

const Share = z.number().min(0).max(1);

export const WhatIf = z
  .strictObject({
    ...WindowFields,
    gpuNanoPerHour: z
      .record(words.GpuTypeText, words.NotNegativeNano)
      .optional()
      .meta({ description: 'Another price of a GPU-hour, by GPU type' }),
    density: z
      .number()
      .positive()
      .max(10_000)
      .optional()
      .meta({ description: 'Sessions per GPU instead of those that were' }),
    spotShare: z
      .strictObject({ share: Share, nanoPerGpuHour: words.NotNegativeNano })
      .optional()
      .meta({ description: 'Part of the GPU-hours bought as spot, and at what price' }),
    regionMix: z
      .record(RegionIdText, Share)
      .refine((mix) => Math.abs(Object.values(mix).reduce((sum, share) => sum + share, 0) - 1) < 1e-9, {
        message: 'must have shares that add up to 1',
      })
      .optional()
      .meta({ description: 'Where the same usage would run; shares add up to 1' }),
  })
  .refine(
    ({ gpuNanoPerHour, density, spotShare, regionMix }) =>
      [gpuNanoPerHour, density, spotShare, regionMix].some((change) => change !== undefined),
    'must change at least one of gpuNanoPerHour, density, spotShare, regionMix',
  )
  .meta({ id: 'WhatIf' });

const Outcome = z.object({
  costNano: Nano,
  userHours: z.number(),
  gpuHours: z.number(),
  perUserHour: words.PerUserHour,
});

export const WhatIfAnswer = z
  .object({
    ...words.Bucket,
    band: words.Band,
    currency: Currency,
    baseline: Outcome,
    scenario: Outcome,
    differenceNano: Nano.meta({ description: 'Scenario less baseline: below 0, it would have cost less' }),
  })
  .meta({ id: 'WhatIfAnswer' });

export const MarginsQuery = z.strictObject({
  ...WindowFields,
  idle: z.enum(IDLE_RULES).default('by_usage'),
  format: Format,
});

export const MarginRow = z
  .object({
    tenant: TenantIdText.optional().meta({ description: 'Absent: what we bear ourselves' }),
    name: z.string().optional(),
    currency: Currency,
    userHours: z.number(),
    priceNano: Nano,
    costNano: Nano,
    idleNano: Nano,
    marginNano: Nano.meta({ description: 'priceNano less costNano less idleNano' }),
    marginShare: z.number().nullable().meta({ description: 'Of the price; null without a price' }),
  })
  .meta({ id: 'MarginRow' });

export const Margins = z.object({ ...words.Bucket, rows: z.array(MarginRow) }).meta({ id: 'Margins' });
