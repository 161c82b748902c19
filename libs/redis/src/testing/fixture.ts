import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReserveSlot, SessionReport, WorkerHeartbeat, WorkerRegistration } from '@meridian/application';
import { poolIdOf } from '@meridian/domain';
import type { Epoch, Incarnation, RegionId, SessionId, WorkerId } from '@meridian/domain';
import { connectRedis, whenReady } from '../connect.ts';
import { RedisLeaseStore } from '../redis-lease-store.ts';
import { RedisLiveMeters } from '../redis-live-meters.ts';
import { RedisWorkerRegistry } from '../redis-worker-registry.ts';
import type { RegistryTimes } from '../redis-worker-registry.ts';
import { RegionRedises } from '../regions.ts';
import type { RedisConnection } from '../scripts.ts';

export const REGION = 'us-east' as RegionId;
export const POOL = poolIdOf({ region: REGION, gpuType: 'h100', model: 'gallery', modelVersion: '1' });
export const session = (name: string | number) => `ses_${name}` as SessionId;
export const worker = (name: string | number) => `worker-${name}` as WorkerId;
export const epoch = (number: number) => number as Epoch;

export interface RegionFixture {
  readonly connection: RedisConnection;
  readonly redises: RegionRedises;
  readonly leases: RedisLeaseStore;
  readonly registry: RedisWorkerRegistry;
  readonly meters: RedisLiveMeters;
}

/** A region of its own in the Redis at `TEST_REDIS_URL`: its keys have a prefix that nobody else uses. */
export async function openRegion(
  times: Partial<RegistryTimes> = {},
  url = testRedisUrl(),
): Promise<RegionFixture> {
  const connection = connectRedis(url);
  if (!(await whenReady(connection, 5000))) throw new Error(`no Redis answers at ${url}`);
  const redises = new RegionRedises(
    [{ region: REGION, jurisdiction: 'us', connection }],
    `test-${randomUUID()}`,
  );
  return {
    connection,
    redises,
    leases: new RedisLeaseStore(redises, times.staleMs),
    registry: new RedisWorkerRegistry(redises, times),
    meters: new RedisLiveMeters(redises),
  };
}

export function testRedisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (url === undefined) throw new Error('set TEST_REDIS_URL to the URL of a Redis to test with');
  return url;
}

export const registration = (change: Partial<WorkerRegistration> = {}): WorkerRegistration => ({
  workerId: worker(1),
  incarnation: 'first' as Incarnation,
  region: REGION,
  pool: POOL,
  gpuType: 'h100',
  model: 'gallery',
  modelVersion: '1',
  framesPerSecond: 25,
  address: '127.0.0.1:5000',
  slots: 2,
  gpus: 1,
  purchase: 'on_demand',
  ageMs: 0,
  stateBytes: 4_096,
  rebuildMs: 0,
  ...change,
});

export const beat = (change: Partial<WorkerHeartbeat> = {}): WorkerHeartbeat => ({
  workerId: worker(1),
  incarnation: 'first' as Incarnation,
  region: REGION,
  seq: 1,
  draining: false,
  slots: 2,
  pace: { stepMsP50: 8, stepMsP95: 12, stepMsP99: 15, encodeMsP50: 1, encodeMsP95: 2, lateShare: 0 },
  sessions: [],
  ...change,
});

export const report = (sessionId: SessionId, change: Partial<SessionReport> = {}): SessionReport => ({
  sessionId,
  epoch: epoch(1),
  startedUs: 1,
  seq: 1,
  activity: 'active',
  activeMs: 1000,
  frames: 25,
  lateFrames: 0,
  ...change,
});

/** A worker that registered and sent its first heartbeat. */
export async function addWorker(
  { registry }: RegionFixture,
  change: Partial<WorkerRegistration> = {},
): Promise<void> {
  const added = registration(change);
  const { workerId, incarnation, slots } = added;
  await registry.register(added);
  await registry.heartbeat(beat({ workerId, incarnation, slots }));
}

export const reserveFor = (
  { leases }: RegionFixture,
  sessionId: SessionId,
  change: Partial<Omit<ReserveSlot, 'region' | 'pool' | 'sessionId'>> = {},
) => leases.reserve({ region: REGION, pool: POOL, sessionId, epoch: epoch(1), ttlMs: 60_000, ...change });

/** Asks again and again until it is so. The test's own time limit ends one that never is. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await nextTurn();
}
