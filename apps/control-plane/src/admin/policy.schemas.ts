import { z } from 'zod';
import { IsoTime } from '../http/schemas.ts';

const DAY_MS = 86_400_000;

const LatencyStep = z
  .strictObject({
    afterMs: z.int().min(0).max(DAY_MS).meta({ description: 'From this much waiting on', example: 30_000 }),
    maxRttMs: z
      .number()
      .min(1)
      .max(10_000)
      .nullable()
      .meta({ description: 'Largest RTT accepted; null: any region the session may use', example: 100 }),
  })
  .meta({ id: 'LatencyStep' });

const FIRST_AT_ONCE = 'must hold from the beginning: give the first step `afterMs` 0';
const LATER_AND_WIDER = 'must come later than the step before and accept a larger RTT; null comes last';

/** Caps only widen with the wait, so a region that a session may use once it may use from then on. */
const LatencySteps = z
  .array(LatencyStep)
  .max(16)
  .superRefine((steps, context) => {
    const fail = (i: number, message: string) => context.addIssue({ code: 'custom', path: [i], message });
    steps.forEach((step, i) => {
      const before = steps[i - 1];
      if (!before && step.afterMs !== 0) fail(i, FIRST_AT_ONCE);
      if (!before) return;
      const isWider = (before.maxRttMs ?? Infinity) < (step.maxRttMs ?? Infinity);
      if (step.afterMs <= before.afterMs || !isWider) fail(i, LATER_AND_WIDER);
    });
  })
  .meta({
    description:
      'How far away a session is placed, by how long it has waited. None: as far as the session itself allows',
    example: [
      { afterMs: 0, maxRttMs: 50 },
      { afterMs: 30_000, maxRttMs: 100 },
      { afterMs: 90_000, maxRttMs: null },
    ],
  });

const TargetMs = z.number().min(1).max(10_000).meta({
  description: 'Predicted action-to-frame time that a placement should meet; pools within it go first',
  example: 80,
});

const MaxWaitMs = z.int().min(0).max(DAY_MS).meta({
  description:
    'An open whose expected wait is longer is refused at once, and a wait ends after it, unless the open says otherwise',
  example: 600_000,
});

/** Beyond a day or two a session is a job, and its token lives as long. */
const WEEK_MS = 7 * DAY_MS;

const Limits = {
  holdMs: z.int().min(1_000).max(600_000).meta({
    description: 'How long a session is kept without a client, ms',
    example: 30_000,
  }),
  idleMs: z.int().min(1_000).max(DAY_MS).meta({
    description: 'A session ends with `idle` after this long without an action, ms',
    example: 300_000,
  }),
  maxDurationMs: z.int().min(1_000).max(WEEK_MS).meta({
    description: 'A session ends with `duration_limit` after this long, ms',
    example: 7_200_000,
  }),
};

export const PutPolicy = z
  .strictObject({
    targetActionToFrameMs: TargetMs.optional(),
    latencySteps: LatencySteps.optional(),
    maxWaitMs: MaxWaitMs.optional(),
    holdMs: Limits.holdMs.optional(),
    idleMs: Limits.idleMs.optional(),
    maxDurationMs: Limits.maxDurationMs.optional(),
  })
  .meta({ id: 'PutPolicy' });

export const PolicyView = z
  .object({
    model: z.string(),
    source: z.enum(['model', 'default']).meta({ description: 'Whether one was put for this model' }),
    targetActionToFrameMs: TargetMs,
    latencySteps: z.array(LatencyStep),
    maxWaitMs: MaxWaitMs,
    ...Limits,
    updatedAt: IsoTime.optional(),
  })
  .meta({ id: 'Policy' });
