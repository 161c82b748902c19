import { IDLE_CAUSES, SET_ASIDE_REASONS } from '@meridian/domain';
import { z } from 'zod';
import { Currency, IsoTime, Nano, RegionIdText, SessionIdText } from '../http/schemas.ts';
import * as words from './money.schemas.ts';
import { Format, Interval, TimeZone, WindowFields, namesOf } from './window.schemas.ts';

export const GPU_DIMENSIONS = ['region', 'pool', 'gpuType', 'purchase', 'worker'] as const;

export const GpuHoursQuery = z.strictObject({
  ...WindowFields,
  interval: Interval.default('hour'),
  timeZone: TimeZone.default('UTC'),
  groupBy: namesOf(GPU_DIMENSIONS),
  region: RegionIdText.optional(),
  pool: words.PoolText.optional(),
  gpuType: words.GpuTypeText.optional(),
  format: Format,
});

const IdlePart = z.object({ ms: z.number().meta({ description: 'GPU time' }), nano: Nano });

export const GpuHoursRow = z
  .object({
    ...words.Bucket,
    region: RegionIdText.optional(),
    pool: z.string().optional(),
    gpuType: z.string().optional(),
    purchase: words.Purchase.optional(),
    worker: z.string().optional(),
    upMs: z.number().meta({ description: 'GPU time that is on the bill' }),
    billNano: Nano.meta({ description: 'sessionNano and every idle part add up to it exactly' }),
    sessionNano: Nano,
    idle: z.record(z.enum(IDLE_CAUSES), IdlePart),
    currency: Currency,
  })
  .meta({ id: 'GpuHoursRow' });

export const GpuHoursAnswer = z
  .object({
    ...words.Bucket,
    interval: Interval,
    timeZone: z.string(),
    groupBy: z.array(z.enum(GPU_DIMENSIONS)),
    rows: z.array(GpuHoursRow),
  })
  .meta({ id: 'GpuHours' });

export const BreachView = z
  .object({
    hour: IsoTime,
    worker: z.string(),
    incarnation: z.string(),
    region: RegionIdText,
    pool: z.string(),
    currency: Currency,
    billNano: Nano,
    sessionNano: Nano,
    idleNano: Nano,
    differenceNano: Nano.meta({ description: 'The bill less sessions and idle; never 0' }),
    foundAt: IsoTime,
    resolvedAt: IsoTime.optional(),
  })
  .meta({ id: 'ConservationBreach' });

export const Conservation = z
  .object({
    ...words.Bucket,
    checkedHours: z.int().meta({ description: 'UTC hours that were added up again' }),
    checkedGpuHours: z.int().meta({ description: 'Hours of single GPU processes in them' }),
    deferred: z.int().meta({ description: 'Those that could not be added up yet' }),
    checkedAt: IsoTime.optional().meta({ description: 'When the newest check was' }),
    breaches: z.array(BreachView),
  })
  .meta({ id: 'Conservation' });

export const SetAsideView = z
  .object({
    id: z.string(),
    session: z.string(),
    epoch: z.int(),
    seq: z.int(),
    reason: z.string().meta({ example: 'went_backwards' }),
    activeMs: z.number(),
    frames: z.number(),
    at: IsoTime,
    resolvedAt: IsoTime.optional(),
  })
  .meta({ id: 'SetAsideReading' });

export const SetAsideQuery = z.strictObject({
  reason: z.enum(SET_ASIDE_REASONS).optional(),
  session: SessionIdText.optional(),
  resolved: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => text === 'true')
    .meta({ description: 'Also those that were counted after all' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  format: Format,
});

export const SetAsideList = z
  .object({ counts: z.record(z.string(), z.int()), readings: z.array(SetAsideView) })
  .meta({ id: 'SetAsideReadings' });

export const JobView = z
  .object({
    name: z.string().meta({ example: 'roll-up-usage' }),
    everyMs: z.int(),
    lastRunAt: IsoTime.optional(),
    lastOkAt: IsoTime.optional(),
    lastMs: z.number().optional().meta({ description: 'How long its last run took' }),
    lastError: z.string().optional(),
    lagMs: z.number().meta({ description: 'How late its next run is; 0 when it is on time' }),
    backlogMs: z.number().optional().meta({ description: 'Age of the oldest thing that waits for it' }),
    waiting: z.int().optional().meta({ description: 'Things that wait for it' }),
    failed: z.int().meta({ description: 'Runs that failed since it last succeeded' }),
  })
  .meta({ id: 'JobState' });

export const JobList = z.object({ at: IsoTime, jobs: z.array(JobView) }).meta({ id: 'JobList' });
