import { z } from 'zod';
import { IsoTime, RegionIdText } from '../http/schemas.ts';

export const PoolCapacity = z
  .object({
    pool: z.string().meta({ example: 'us-east/h100/gallery@1' }),
    region: RegionIdText,
    model: z.string(),
    busySlots: z.int(),
    queued: z.int().meta({ description: 'Slots that waiting sessions would take in this pool' }),
    warmSlots: z.int().meta({ description: 'Slots of ready workers, busy and free' }),
    workers: z.int().meta({ description: 'Ready workers' }),
    slotsPerWorker: z.int(),
    wantedSlots: z.int().meta({ description: 'Warm slots that the pool should have at the horizon' }),
    wantedWorkers: z.int().meta({ description: 'Never fewer than the leases of now need' }),
    horizonMs: z.int().meta({ description: 'From the order of a worker until it takes sessions' }),
    forecast: z.object({
      at: IsoTime.meta({ description: 'The minute of the newest sample' }),
      slots: z.number().meta({ description: 'Busy and queued slots expected at the horizon' }),
      errorSlots: z
        .number()
        .meta({ description: 'Standard deviation, from how far earlier forecasts were off' }),
      seasonShare: z
        .number()
        .meta({ description: 'How much of it is what happened yesterday and last week, 0 to 1' }),
    }),
    reason: z.string().meta({
      example: '12 busy now, 14.2 expected in 5 min, +4.8 for a 1 % chance to wait: 19 slots, 3 workers of 8',
    }),
  })
  .meta({ id: 'PoolCapacity' });

export const FleetCapacity = z.object({ pools: z.array(PoolCapacity) }).meta({ id: 'FleetCapacity' });
