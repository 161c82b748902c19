import { z } from 'zod';
import { RegionIdText } from '../http/schemas.ts';

export const RegionView = z
  .object({
    id: RegionIdText,
    name: z.string().meta({ example: 'US East' }),
    jurisdiction: z.string().meta({ example: 'us' }),
    pingUrl: z
      .string()
      .meta({ description: 'GET it to measure the RTT', example: 'http://127.0.0.1:4410/ping' }),
    reachable: z.boolean().meta({ description: 'False while nothing can be reserved there' }),
    models: z.array(z.string()),
  })
  .meta({ id: 'Region' });

export const RegionList = z.object({ regions: z.array(RegionView) }).meta({ id: 'RegionList' });

export const ModelView = z
  .object({
    model: z.string().meta({ example: 'gallery' }),
    modelVersion: z.string().meta({ example: '1' }),
    frameWidth: z.int(),
    frameHeight: z.int(),
    framesPerSecond: z.number(),
    actions: z.array(z.string()).meta({ description: 'Axes and buttons that the model reads' }),
    regions: z.array(z.string()).meta({ description: 'Regions that serve it now' }),
  })
  .meta({ id: 'Model' });

export const ModelList = z.object({ models: z.array(ModelView) }).meta({ id: 'ModelList' });
