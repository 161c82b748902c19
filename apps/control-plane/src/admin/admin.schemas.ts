import { DEFAULT_PURCHASE, PURCHASE_KINDS } from '@meridian/domain';
import { z } from 'zod';
import { ApiKeyIdText, Currency, IsoTime, Name, Nano, RegionIdText, TenantIdText } from '../http/schemas.ts';

const MaxSessions = z
  .int()
  .min(0)
  .max(1_000_000)
  .meta({ description: 'Most sessions open at once, queued ones included', example: 100 });

const Weight = z.int().min(1).max(1_000).meta({
  description:
    'Share of the queue: a tenant of weight 2 gets twice the slots of one of weight 1 while both wait',
  example: 1,
});

export const CreateTenant = z
  .strictObject({ name: Name, maxSessions: MaxSessions.default(100), weight: Weight.default(1) })
  .meta({ id: 'CreateTenant' });

export const ChangeTenant = z
  .strictObject({
    name: Name.optional(),
    maxSessions: MaxSessions.optional(),
    weight: Weight.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change at least one field')
  .meta({ id: 'ChangeTenant' });

export const TenantView = z
  .object({ id: TenantIdText, name: z.string(), maxSessions: z.int(), weight: z.int(), createdAt: IsoTime })
  .meta({ id: 'Tenant' });

export const TenantList = z.object({ tenants: z.array(TenantView) }).meta({ id: 'TenantList' });

export const CreateApiKey = z.strictObject({ name: Name }).meta({ id: 'CreateApiKey' });

export const ApiKeyView = z
  .object({
    id: ApiKeyIdText,
    tenantId: TenantIdText,
    name: z.string(),
    prefix: z
      .string()
      .meta({ description: 'First characters of the key, to recognise it by', example: 'mk_2f6yk3qj' }),
    createdAt: IsoTime,
    revokedAt: IsoTime.optional(),
  })
  .meta({ id: 'ApiKey' });

export const NewApiKey = ApiKeyView.extend({
  secret: z.string().meta({ description: 'The key itself. It is shown here once and stored as a hash' }),
}).meta({ id: 'NewApiKey' });

export const ApiKeyList = z.object({ apiKeys: z.array(ApiKeyView) }).meta({ id: 'ApiKeyList' });

const Health = z.enum(['ready', 'draining', 'quarantined', 'lost']);

export const PoolView = z
  .object({
    id: z.string().meta({ example: 'us-east/h100/gallery@1' }),
    region: RegionIdText,
    gpuType: z.string(),
    model: z.string(),
    modelVersion: z.string(),
    framesPerSecond: z.number(),
    stepMs: z.number().meta({ description: 'Median over the ready workers' }),
    encodeMs: z.number().meta({ description: 'Median over the ready workers' }),
    workers: z.int(),
    readyWorkers: z.int(),
    slots: z.int(),
    usedSlots: z.int(),
  })
  .meta({ id: 'Pool' });

export const PoolList = z
  .object({ pools: z.array(PoolView), unreachableRegions: z.array(RegionIdText) })
  .meta({ id: 'PoolList' });

export const WorkerId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .meta({ example: 'us-east-1' });

export const WorkerView = z
  .object({
    id: z.string().meta({ example: 'us-east-1' }),
    region: RegionIdText,
    pool: z.string(),
    incarnation: z.string(),
    gpuType: z.string(),
    model: z.string(),
    modelVersion: z.string(),
    address: z.string(),
    health: Health,
    healthReason: z.string().optional().meta({
      description: 'Why it is draining or quarantined',
      example: '5.2 % of frames late over 10 s, with 3 sessions on 4 slots',
    }),
    slots: z.int(),
    gpus: z.int().meta({ description: 'GPUs that the process spans' }),
    usedSlots: z.int(),
    sessions: z.int().optional().meta({
      description: 'While it drains: sessions that still hold its slots. At 0 it can be taken away',
    }),
    stateBytes: z.number().meta({ description: 'Size of a session’s state, as the worker described it' }),
    rebuildMs: z.number().meta({
      description: 'How long it takes to go on from a checkpoint; above 25 s its sessions cannot be moved',
    }),
    stepMsP50: z.number(),
    stepMsP95: z.number(),
    stepMsP99: z.number(),
    encodeMsP50: z
      .number()
      .meta({ description: 'From the end of a frame’s step until it was handed to the transport' }),
    encodeMsP95: z.number(),
    lateShare: z
      .number()
      .meta({ description: 'Frames of the last ten seconds that missed their deadline, 0 to 1' }),
    registeredAt: IsoTime,
    lastHeartbeatAt: IsoTime,
  })
  .meta({ id: 'Worker' });

export const WorkerList = z
  .object({ workers: z.array(WorkerView), unreachableRegions: z.array(RegionIdText) })
  .meta({ id: 'WorkerList' });

export const DrainWorker = z.strictObject({ drain: z.boolean() }).meta({ id: 'DrainWorker' });

export const CreateRate = z
  .strictObject({
    gpuType: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be a GPU type such as h100')
      .meta({ example: 'h100' }),
    region: RegionIdText.optional().meta({
      description: 'Every region without a rate of its own when absent',
    }),
    purchase: z.enum(PURCHASE_KINDS).default(DEFAULT_PURCHASE).meta({
      description: 'How the GPU is bought; a kind without a rate of its own is taken at that of `on_demand`',
    }),
    source: Name.default('admin API').meta({
      description: 'Where the figure comes from, for a person',
      example: 'price list of 1 November 2026',
    }),
    currency: Currency,
    nanoPerGpuHour: z
      .string()
      .regex(/^\d{1,18}$/, 'must be a string of 1 to 18 digits')
      .meta({ description: 'Whole nano-units for one GPU for one hour', example: '2400000000' }),
    effectiveFrom: IsoTime.optional().meta({ description: 'Now when absent' }),
  })
  .meta({ id: 'CreateRate' });

export const RateView = z
  .object({
    id: z.string(),
    gpuType: z.string(),
    region: RegionIdText.optional(),
    purchase: z.enum(PURCHASE_KINDS),
    source: z.string(),
    currency: Currency,
    nanoPerGpuHour: Nano,
    effectiveFrom: IsoTime,
    recordedAt: IsoTime,
  })
  .meta({ id: 'Rate' });

export const RateList = z.object({ rates: z.array(RateView) }).meta({ id: 'RateList' });

export const FleetCostQuery = z.strictObject({
  from: IsoTime.optional().meta({ description: 'An hour before `to` when absent' }),
  to: IsoTime.optional().meta({ description: 'Now when absent' }),
});

const CostFields = {
  currency: Currency,
  billNano: Nano.meta({ description: 'What the GPUs cost: uptime at the rate' }),
  sessionNano: Nano.meta({ description: 'The part that sessions used' }),
  idleNano: Nano.meta({ description: 'The rest; the two add up to the bill exactly' }),
  userHours: z.number(),
  poundsPerUserHour: z
    .number()
    .nullable()
    .meta({ description: 'sessionNano per user-hour; null before any use' }),
  poundsPerUserHourLoaded: z
    .number()
    .nullable()
    .meta({ description: 'billNano per user-hour, idle included' }),
};

export const FleetCost = z
  .object({
    from: IsoTime,
    to: IsoTime,
    ...CostFields,
    pools: z.array(z.object({ region: RegionIdText, pool: z.string(), ...CostFields })),
  })
  .meta({ id: 'FleetCost' });
