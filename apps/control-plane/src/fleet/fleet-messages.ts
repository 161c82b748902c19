// Checks what workers and gateways send, and turns it into commands. A refusal names the field and what it may be.
import type {
  RegisterWorkerCommand,
  ReplaceSessionCommand,
  SessionReport,
  WorkerHeartbeat,
} from '@meridian/application';
import {
  DEFAULT_PURCHASE,
  poolIdOf,
  PURCHASE_KINDS,
  type Epoch,
  type Incarnation,
  type RegionId,
  type SessionId,
  type WorkerId,
} from '@meridian/domain';
import {
  SessionActivity,
  type HeartbeatRequest,
  type RegisterRequest,
  type ReplaceRequest,
} from '@meridian/protocol/worker';
import { z } from 'zod';
import { toFieldErrors } from '../http/validation.ts';
import { FleetError } from './fleet-error.ts';

const name = (what: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, `must be ${what}: 1 to 64 letters, digits, dots, dashes`);

const whole = (max: number) => z.number().int().min(0).max(max);
const counter = whole(Number.MAX_SAFE_INTEGER);
const milliseconds = z.number().min(0).max(3_600_000);
const epoch = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const sessionId = z.string().regex(/^ses_[a-z2-7]{26}$/, 'must be a session id');

const Describe = z.object(
  {
    workerId: z.string(),
    model: name('a model'),
    modelVersion: name('a model version'),
    frameWidth: z.number().int().min(1).max(8_192),
    frameHeight: z.number().int().min(1).max(8_192),
    framesPerSecond: z.number().min(1).max(240),
    actions: z.array(z.string().min(1).max(32)).max(64),
    stateBytes: counter,
    rebuildMs: counter,
    slots: z.number().int().min(1).max(1_024),
  },
  { error: 'must describe the worker' },
);

const Register = z.object({
  workerId: name('a worker id'),
  incarnation: name('an incarnation'),
  region: z.string(),
  address: z
    .string()
    .regex(
      /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253}):[1-9]\d{0,4}$/,
      'must be host:port, as gateways dial it',
    )
    .refine((address) => !/^(0\.0\.0\.0|\[::\]):/.test(address), 'must be an address that gateways can dial'),
  gpuType: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be a GPU type such as h100'),
  describe: Describe,
  gpus: whole(1_024),
  purchase: z
    .enum(['', ...PURCHASE_KINDS], 'must be on_demand, reserved or spot')
    .transform((kind) => kind || DEFAULT_PURCHASE),
  ageMs: counter,
});

const ACTIVITIES = new Map<SessionActivity, SessionReport['activity']>([
  [SessionActivity.CONNECTING, 'connecting'],
  [SessionActivity.ACTIVE, 'active'],
  [SessionActivity.HELD, 'held'],
  [SessionActivity.ENDED, 'ended'],
]);

const Report = z
  .object({
    sessionId,
    epoch,
    startedUs: counter,
    seq: counter,
    activity: z.enum(SessionActivity).refine((activity) => ACTIVITIES.has(activity), 'must be set'),
    activeMs: counter,
    frames: counter,
    lateFrames: counter,
    endReason: z.string().max(64),
    width: whole(1_024),
    creditMs: counter.optional(),
  })
  .refine(({ frames, lateFrames }) => lateFrames <= frames, {
    path: ['lateFrames'],
    error: 'must not exceed frames',
  });

const Heartbeat = z.object({
  workerId: name('a worker id'),
  incarnation: name('an incarnation'),
  seq: counter,
  draining: z.boolean(),
  sessions: z.array(Report).max(4_096),
  slots: whole(1_024),
  stepMsP50: milliseconds,
  stepMsP95: milliseconds,
  stepMsP99: milliseconds,
  encodeMsP50: milliseconds,
  encodeMsP95: milliseconds,
  lateShare: z.number().min(0).max(1),
});

const Replace = z.object({
  sessionId,
  lostEpoch: epoch,
  lostWorkerId: name('a worker id'),
  planned: z.boolean(),
});

export function toRegistration(request: RegisterRequest, region: RegionId): RegisterWorkerCommand {
  const { workerId, incarnation, address, gpuType, describe, ...rest } = checked(Register, request);
  const { gpus: asked, purchase, ageMs } = rest;
  const gpus = asked || 1;
  if (rest.region !== region) {
    throw new FleetError(
      'wrong_region',
      `This secret is of ${region}, but region says ${rest.region || 'nothing'}.`,
    );
  }
  if (describe.workerId !== workerId) {
    throw new FleetError(
      'invalid_field',
      `describe.workerId is ${describe.workerId || 'empty'}; send ${workerId}.`,
    );
  }
  const { model, modelVersion, framesPerSecond, slots, frameWidth, frameHeight, actions } = describe;
  const { stateBytes, rebuildMs } = describe;
  const pool = poolIdOf({ region, gpuType, model, modelVersion });
  const ids = { workerId: workerId as WorkerId, incarnation: incarnation as Incarnation, region, pool };
  const worker = { ...ids, gpuType, model, modelVersion, framesPerSecond, address, slots, gpus };
  const bought = { purchase, ageMs };
  return { worker: { ...worker, ...bought, stateBytes, rebuildMs }, frameWidth, frameHeight, actions };
}

export function toHeartbeat(request: HeartbeatRequest, region: RegionId): WorkerHeartbeat {
  const { workerId, incarnation, sessions, seq, draining, slots, ...pace } = checked(Heartbeat, request);
  return {
    ...{ seq, draining, slots, pace },
    workerId: workerId as WorkerId,
    incarnation: incarnation as Incarnation,
    region,
    sessions: sessions.map(toReport),
  };
}

export function toReplacement(request: ReplaceRequest): ReplaceSessionCommand {
  const command = checked(Replace, request);
  return {
    sessionId: command.sessionId as SessionId,
    lostEpoch: command.lostEpoch as Epoch,
    lostWorkerId: command.lostWorkerId as WorkerId,
    planned: command.planned,
  };
}

function toReport({
  activity,
  endReason,
  width,
  creditMs,
  ...report
}: z.output<typeof Report>): SessionReport {
  return {
    ...report,
    sessionId: report.sessionId as SessionId,
    epoch: report.epoch as Epoch,
    activity: ACTIVITIES.get(activity) ?? 'connecting',
    ...(endReason !== '' && { endReason }),
    ...(width > 0 && { width }),
    ...(creditMs !== undefined && { creditMs }),
  };
}

function checked<Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  const [error] = result.error.issues.flatMap((issue) => toFieldErrors(issue, 'request', request));
  throw new FleetError('invalid_field', `${error?.field} ${error?.message}; ${error?.fix}.`);
}
