import { END_REASONS, PRIORITIES, REJECTION_CODES, SESSION_STATES } from '@meridian/domain';
import { z } from 'zod';
import { IsoTime, RegionIdText, SessionIdText } from '../http/schemas.ts';

const METADATA_ENTRIES_MAX = 16;
const METADATA_VALUE_BYTES_MAX = 512;

const RttMs = z
  .number({ error: 'must be a number of milliseconds' })
  .min(0)
  .max(10_000)
  .meta({ description: 'Round-trip time in ms', example: 42 });

export const ModelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  .meta({ example: 'gallery' });

/** What PostgreSQL cannot keep as text: NUL, and halves of surrogate pairs. */
const Text = z
  .string()
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be Unicode text without NUL');

const Metadata = z
  .record(
    Text.min(1).max(64, 'must be at most 64 characters'),
    Text.refine(
      (text) => Buffer.byteLength(text) <= METADATA_VALUE_BYTES_MAX,
      `must be at most ${METADATA_VALUE_BYTES_MAX} bytes`,
    ).meta({ maxLength: METADATA_VALUE_BYTES_MAX }),
  )
  .refine(
    (entries) => Object.keys(entries).length <= METADATA_ENTRIES_MAX,
    `must have at most ${METADATA_ENTRIES_MAX} entries`,
  )
  .meta({
    description: 'Your own notes: at most 16 entries, keys of 64 characters, values of 512 bytes',
    maxProperties: METADATA_ENTRIES_MAX,
    example: { player: 'p-17' },
  });

export const OpenSession = z
  .strictObject({
    model: ModelName,
    modelVersion: ModelName.optional().meta({
      description: 'The newest that is served when absent',
      example: '1.0.0',
    }),
    rttMs: z
      .record(RegionIdText, RttMs)
      .refine((regions) => Object.keys(regions).length <= 64, 'must name at most 64 regions')
      .optional()
      .meta({
        description: 'RTT in ms by region, measured against its pingUrl',
        example: { 'us-east': 18, 'eu-west': 95 },
      }),
    residency: z
      .enum(['us', 'eu'])
      .optional()
      .meta({ description: 'The session may run in this jurisdiction only' }),
    maxRttMs: RttMs.optional().meta({ description: 'Regions further away are not considered', example: 80 }),
    rttMeasuredAt: IsoTime.optional().meta({
      description: 'When `rttMs` was measured; now when absent. After ten minutes it counts as an estimate',
    }),
    gpus: z
      .number()
      .min(0.01, 'must be at least a hundredth of a GPU')
      .max(64, 'must be at most 64 GPUs')
      .optional()
      .meta({ description: 'GPUs it needs: a fraction, one or several. One slot when absent', example: 0.5 }),
    priority: z.enum(PRIORITIES).optional().meta({
      description:
        '`high` goes first in the queue; `low` leaves the last slots to others. `normal` when absent',
    }),
    maxWaitMs: z.int().min(0).max(86_400_000).optional().meta({
      description:
        "Refuse at once when the expected wait is longer; 0: never queue. The model's own when absent",
      example: 60_000,
    }),
    metadata: Metadata.optional(),
  })
  .meta({ id: 'OpenSession' });

const GROUP_MEMBERS_MAX = 16;

export const OpenGroup = OpenSession.pick({
  ...{ model: true, modelVersion: true, residency: true, maxRttMs: true, priority: true },
})
  .extend({
    members: z
      .array(OpenSession.pick({ rttMs: true, rttMeasuredAt: true, gpus: true, metadata: true }))
      .min(1, 'must have at least one member')
      .max(GROUP_MEMBERS_MAX, `must have at most ${GROUP_MEMBERS_MAX} members`)
      .meta({ description: 'One session each; the answer lists them in this order' }),
  })
  .meta({ id: 'OpenSessionGroup' });

export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')
  .optional();

export const RegionVerdict = z
  .object({
    region: RegionIdText,
    outcome: z.enum(['chosen', 'feasible', 'rejected']),
    reason: z.string().meta({ example: 'chosen: 36 ms from action to frame, the fastest of 2' }),
    code: z.enum(REJECTION_CODES).optional(),
    rttMs: z.number().optional(),
    rttEstimated: z.boolean().optional().meta({ description: 'Nobody measured this RTT, or too long ago' }),
    predictedActionToFrameMs: z.number().optional(),
    scoreMs: z.number().optional(),
    freeSlots: z.int().optional(),
  })
  .meta({ id: 'RegionVerdict', description: 'What placement thought of one region' });

export const PlacementWhy = z
  .object({
    decidedAt: IsoTime,
    waitedMs: z.number().meta({ description: 'Time in the queue until then' }),
    policy: z.enum(['model', 'default']).meta({ description: 'Whose placement policy it was' }),
    candidates: z
      .array(
        z.object({
          pool: z.string().meta({ example: 'us-east/h100/gallery@1' }),
          region: RegionIdText,
          rttMs: z.number(),
          rttEstimated: z.boolean(),
          predictedActionToFrameMs: z.number(),
          congestionMs: z.number().meta({ description: 'Price of a slot there at that load' }),
          scoreMs: z.number().meta({ description: 'Prediction and price; lower is better' }),
          freeSlots: z.int(),
          feasible: z.boolean().meta({ description: "Within the model's target" }),
        }),
      )
      .meta({ description: 'Pools that could take it, best first, at most 8' }),
    refused: z
      .array(
        z.object({
          region: RegionIdText,
          pool: z.string().optional(),
          code: z.enum(REJECTION_CODES),
          reason: z.string(),
        }),
      )
      .meta({ description: 'Pools and regions that could not, at most 16' }),
    refusedMore: z.int().meta({ description: 'How many more could not' }),
    draw: z.number().meta({ description: 'In [0, 1): which of equals went first' }),
  })
  .meta({ id: 'PlacementWhy', description: 'All that a placement was decided on' });

export const Placement = z
  .object({
    region: RegionIdText,
    pool: z.string().meta({ example: 'us-east/h100/gallery@1' }),
    workerId: z.string().meta({ example: 'us-east-1' }),
    slot: z.int(),
    width: z.int().meta({ description: 'Slots that it holds there' }),
    considered: z.array(RegionVerdict),
  })
  .meta({ id: 'Placement' });

export const PlacementRecord = z
  .object({
    at: IsoTime,
    what: z.enum(['queued', 'reserved', 'migrated']),
    epoch: z.int(),
    region: RegionIdText.optional(),
    pool: z.string().optional(),
    workerId: z.string().optional(),
    etaMs: z.number().optional().meta({ description: 'The wait that was told first, when queued' }),
    considered: z.array(RegionVerdict),
    why: PlacementWhy.optional(),
  })
  .meta({ id: 'PlacementRecord' });

export const PlacementList = z.object({ placements: z.array(PlacementRecord) }).meta({ id: 'PlacementList' });

const GatewayAddresses = z.object({
  streamUrl: z.string().meta({ description: 'WebSocket address', example: 'ws://127.0.0.1:4410/v1/play' }),
  grpcAddress: z
    .string()
    .meta({ description: 'host:port of SessionStreamService', example: '127.0.0.1:4411' }),
});

export const Connection = GatewayAddresses.extend({
  alternatives: z.array(GatewayAddresses).meta({
    description: 'Other gateways of the region, in the order to try them in when the first does not answer',
  }),
  token: z.string().meta({ description: 'Session token (JWT, EdDSA) for this session, epoch and worker' }),
  claimBy: IsoTime.meta({ description: 'The first stream must open before this' }),
  traceparent: z.string().meta({ example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }),
}).meta({
  id: 'Connection',
  description: 'Where and with what to stream; absent while queued and after the end',
});

export const QueuePlace = z
  .object({
    position: z.int().meta({ description: '1 is next' }),
    etaMs: z.number().meta({ description: 'Estimated wait in ms' }),
  })
  .meta({ id: 'QueuePlace' });

export const Session = z
  .object({
    id: SessionIdText,
    state: z.enum(SESSION_STATES),
    model: z.string(),
    modelVersion: z.string().optional(),
    region: RegionIdText.optional(),
    metadata: z.record(z.string(), z.string()),
    createdAt: IsoTime,
    updatedAt: IsoTime,
    endedAt: IsoTime.optional(),
    endReason: z.enum(END_REASONS).optional(),
    endDetail: z.string().optional(),
    epoch: z.int().meta({ description: 'Rises at every re-placement; 0 before the first' }),
    queue: QueuePlace.optional(),
    placement: Placement.optional(),
    connection: Connection.optional(),
  })
  .meta({ id: 'Session' });
export type SessionView = z.output<typeof Session>;

export const GroupIdText = z
  .string()
  .regex(/^grp_[a-z2-7]{24}$/)
  .meta({ example: 'grp_2f6yk3qjwx5nb7dtc4hzmlpa' });

export const SessionGroup = z
  .object({ id: GroupIdText, sessions: z.array(Session) })
  .meta({ id: 'SessionGroup', description: 'Sessions that were opened together; all began in one region' });
export type SessionGroupView = z.output<typeof SessionGroup>;

export const ListSessionsQuery = z.strictObject({
  state: z.enum(SESSION_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, 'must be a cursor of this API')
    .optional()
    .meta({ description: '`nextCursor` of the page before' }),
});

export const SessionList = z
  .object({ sessions: z.array(Session), nextCursor: z.string().optional() })
  .meta({ id: 'SessionList' });

export const SessionEventStream = z.string().meta({
  description: 'Server-sent events: `id` (number of the event), `event` (its type), `data` (JSON)',
  example: 'id: 3\nevent: active\ndata: {"type":"active","at":"2026-11-22T17:30:00.000Z","session":{}}\n\n',
});
