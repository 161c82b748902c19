// Fleets and requests for the specs of the solver, ordinary in every respect that a test does not name.
import { poolIdOf, type RegionId, type SessionId, type TenantId, type WorkerId } from '../../ids.ts';
import type { SessionRequest } from '../../session/session.ts';
import type {
  CapacitySnapshot,
  PoolSnapshot,
  RegionSnapshot,
  WorkerHealth,
  WorkerSnapshot,
} from '../snapshot.ts';

export const worker = (workerId: string, over: Partial<WorkerSnapshot> = {}): WorkerSnapshot => ({
  ...{ workerId: workerId as WorkerId, address: 'w:1', slots: 4, usedSlots: 0, health: 'ready' },
  ...over,
});

/** A pool of one worker, unless `workers` are given. */
export const pool = (
  region: string,
  over: Partial<PoolSnapshot> & { used?: number; slots?: number; health?: WorkerHealth } = {},
): PoolSnapshot => {
  const { used = 0, slots = 4, health = 'ready', ...rest } = over;
  const place = {
    region: region as RegionId,
    gpuType: 'h100',
    model: 'gallery',
    modelVersion: '1.0.0',
    ...rest,
  };
  const workers = [worker(`${region}-1`, { slots, usedSlots: used, health })];
  return { pool: poolIdOf(place), stepMs: 8, encodeMs: 2, framesPerSecond: 25, workers, ...place };
};

export const region = (
  name: string,
  pools: readonly PoolSnapshot[],
  over: Partial<RegionSnapshot> = {},
): RegionSnapshot => ({
  ...{ region: name as RegionId, jurisdiction: name.slice(0, 2), reachable: true, pools },
  ...over,
});

export const snapshot = (...regions: readonly RegionSnapshot[]): CapacitySnapshot => ({
  takenAtMs: 0,
  regions,
});

export const request = (over: Partial<SessionRequest> = {}): SessionRequest => ({
  ...{ sessionId: 'ses_1' as SessionId, tenantId: 'ten_1' as TenantId, model: 'gallery', metadata: {} },
  ...{ rttMs: { 'us-east': 10, 'eu-west': 90 } },
  ...over,
});
