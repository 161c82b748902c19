import { z } from 'zod';
import { Currency, IsoTime, Nano, RegionIdText, SessionIdText } from '../http/schemas.ts';

export const UsageSegmentView = z
  .object({
    epoch: z.int(),
    startsAt: IsoTime,
    endsAt: IsoTime,
    region: RegionIdText,
    pool: z.string(),
    workerId: z.string(),
    activeMs: z.int(),
    frames: z.int(),
    lateFrames: z.int(),
    width: z.int().meta({ description: 'Slots that the session held' }),
    slots: z.int().meta({ description: 'Slots of the worker: an hour costs width / slots x gpus GPU-hours' }),
    gpus: z.int().meta({ description: 'GPUs that the worker spans' }),
    rateId: z.string(),
    costNano: Nano,
    currency: Currency,
  })
  .meta({ id: 'UsageSegment', description: 'One immutable, priced interval of a session' });

export const Usage = z
  .object({
    sessionId: SessionIdText,
    activeMs: z.int().meta({ description: 'Time with a client attached, ms' }),
    frames: z.int(),
    lateFrames: z.int(),
    costNano: Nano,
    currency: Currency,
    poundsPerUserHour: z.number().meta({
      description: 'Cost of one hour of use at the rate so far, in whole units of the currency',
      example: 1.2,
    }),
    final: z.boolean().meta({ description: 'True once the session has ended and nothing can be added' }),
    asOf: IsoTime,
    segments: z.array(UsageSegmentView),
  })
  .meta({ id: 'Usage' });
export type UsageView = z.output<typeof Usage>;
