// Values as the domain knows them, ordinary in every respect that a test does not name.
import type {
  SessionReport,
  Tenant,
  WorkerHeartbeat,
  WorkerPace,
  WorkerRegistration,
} from '@meridian/application';
import {
  beginSession,
  decide,
  evolveAll,
  poolIdOf,
  type Epoch,
  type Incarnation,
  type LeaseRef,
  type MeterReading,
  type Rate,
  type RateId,
  type RegionId,
  type Session,
  type SessionCommand,
  type SessionEvent,
  type SessionId,
  type SessionRequest,
  type TenantId,
  type UsageHour,
  type UsageSegment,
  type WorkerId,
} from '@meridian/domain';

export const US_EAST = 'us-east' as RegionId;
export const EU_WEST = 'eu-west' as RegionId;
export const GALLERY = { gpuType: 'h100', model: 'gallery', modelVersion: '1.0.0' } as const;

export const sessionId = (name: string | number): SessionId => `ses_${name}` as SessionId;
export const tenantId = (name: string | number): TenantId => `ten_${name}` as TenantId;
export const workerId = (name: string | number): WorkerId => `${name}` as WorkerId;
export const epoch = (number: number): Epoch => number as Epoch;
export const poolIn = (region: RegionId) => poolIdOf({ region, ...GALLERY });

export const aTenant = (over: Partial<Tenant> = {}): Tenant => ({
  tenantId: tenantId('acme'),
  name: 'Acme',
  maxSessions: 100,
  weight: 1,
  createdAtMs: 0,
  ...over,
});

export const aRequest = (over: Partial<SessionRequest> = {}): SessionRequest => ({
  sessionId: sessionId(1),
  tenantId: tenantId('acme'),
  model: GALLERY.model,
  rttMs: { [US_EAST]: 10, [EU_WEST]: 90 },
  metadata: {},
  ...over,
});

export const aLease = (over: Partial<LeaseRef> = {}): LeaseRef => {
  const region = over.region ?? US_EAST;
  const place = {
    region,
    pool: poolIn(region),
    workerId: workerId(`${region}-1`),
    workerAddress: `${region}-1:1`,
  };
  const held = { slot: 0, width: 1, slots: 2, gpus: 1, purchase: 'on_demand' } as const;
  return { ...place, ...held, epoch: epoch(1), ...over };
};

/** A session after these commands, and the events they caused. */
export function aSession(
  request: Partial<SessionRequest>,
  atMs: number,
  ...commands: readonly SessionCommand[]
): { readonly session: Session; readonly events: readonly SessionEvent[] } {
  return commands.reduce<{ session: Session; events: readonly SessionEvent[] }>(
    ({ session, events }, command) => {
      const caused = decide(command, session);
      return { session: evolveAll(session, caused), events: [...events, ...caused] };
    },
    { session: beginSession(aRequest(request), atMs), events: [] },
  );
}

export const enqueue = (atMs: number): SessionCommand => ({ type: 'enqueue', atMs, reasons: [] });

export const reserve = (atMs: number, lease: Partial<LeaseRef> = {}): SessionCommand => ({
  type: 'reserve',
  atMs,
  lease: aLease(lease),
  claimByMs: atMs + 60_000,
  considered: [],
});

export const observe = (
  atMs: number,
  activity: 'connecting' | 'active' | 'held',
  at: Epoch = epoch(1),
): SessionCommand => ({ type: 'observe', atMs, epoch: at, activity });

export const end = (atMs: number): SessionCommand => ({ type: 'end', atMs, reason: 'client_ended' });

export const aWorker = (over: Partial<WorkerRegistration> = {}): WorkerRegistration => {
  const region = over.region ?? US_EAST;
  const id = over.workerId ?? workerId(`${region}-1`);
  return {
    ...{ workerId: id, incarnation: `${id}-a` as Incarnation, region, pool: poolIn(region), ...GALLERY },
    ...{ framesPerSecond: 25, address: `${id}:1`, slots: 2, gpus: 1, purchase: 'on_demand', ageMs: 0 },
    ...{ stateBytes: 4_096, rebuildMs: 0 },
    ...over,
  };
};

export const aPace = (over: Partial<WorkerPace> = {}): WorkerPace => ({
  ...{ stepMsP50: 8, stepMsP95: 9, stepMsP99: 10, encodeMsP50: 1, encodeMsP95: 2, lateShare: 0 },
  ...over,
});

export const aHeartbeat = (
  worker: WorkerRegistration,
  seq: number,
  sessions: readonly SessionReport[] = [],
  over: Partial<WorkerHeartbeat> = {},
): WorkerHeartbeat => ({
  ...{ workerId: worker.workerId, incarnation: worker.incarnation, region: worker.region, seq, sessions },
  ...{ draining: false, slots: worker.slots, pace: aPace() },
  ...over,
});

export const aReport = (over: Partial<SessionReport> = {}): SessionReport => ({
  ...{ sessionId: sessionId(1), epoch: epoch(1), startedUs: 1, seq: 1, activity: 'active' },
  ...{ activeMs: 1_000, frames: 25, lateFrames: 0 },
  ...over,
});

export const aReading = (over: Partial<MeterReading> = {}): MeterReading => ({
  ...{
    sessionId: sessionId(1),
    epoch: epoch(1),
    startedUs: 1,
    seq: 1,
    activeMs: 1_000,
    frames: 25,
    lateFrames: 0,
    atMs: 1_000,
  },
  ...over,
});

/** An hour's use of half of one GPU, at £2.40 per GPU hour. */
export const aSegment = (over: Partial<UsageSegment> = {}): UsageSegment => ({
  ...{
    sessionId: sessionId(1),
    tenantId: tenantId('acme'),
    epoch: epoch(1),
    startsAtMs: 0,
    endsAtMs: 3_600_000,
  },
  ...{ region: US_EAST, pool: poolIn(US_EAST), ...GALLERY, purchase: 'on_demand' },
  ...{ workerId: workerId('us-east-1'), activeFromMs: 0, activeMs: 3_600_000, frames: 90_000, lateFrames: 0 },
  ...{
    rateId: 'rate_h100' as RateId,
    currency: 'GBP',
    width: 1,
    slots: 2,
    gpus: 1,
    costNano: 1_200_000_000n,
  },
  ...over,
});

/** An hour's use of half of one GPU, at £2.40 per GPU hour. */
export const aUsageHour = (over: Partial<UsageHour> = {}): UsageHour => ({
  ...{ hourMs: 0, tenantId: tenantId('acme'), region: US_EAST, pool: poolIn(US_EAST), ...GALLERY },
  ...{ purchase: 'on_demand', currency: 'GBP', activeMs: 3_600_000, gpuMs: 1_800_000, frames: 90_000 },
  ...{ lateFrames: 0, sessionsStarted: 1, startedMinutes: 60, segments: 1, costNano: 1_200_000_000n },
  ...over,
});

/** £2.40 per GPU hour, as `up` sets it. */
export const aRate = (over: Partial<Rate> = {}): Rate => ({
  ...{ rateId: 'rate_h100' as RateId, gpuType: 'h100', currency: 'GBP', nanoPerGpuHour: 2_400_000_000n },
  ...{ purchase: 'on_demand', source: 'price list', effectiveFromMs: 0, recordedAtMs: 0 },
  ...over,
});
