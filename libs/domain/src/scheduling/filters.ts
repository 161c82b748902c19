// A filter answers with its reason, or undefined when it lets the pool pass. Region filters come first: what they
// refuse, no pool of the region can mend.
import type { SessionRequest } from '../session/session.ts';
import { CAP_RELAXES_TO, relaxedCapMs } from './latency-cap.ts';
import { newestServed } from './model-version.ts';
import type { Place, PlacementContext, Refusal } from './placement.ts';
import type { CapacitySnapshot, RegionSnapshot } from './snapshot.ts';

export type RegionFilter = (
  request: SessionRequest,
  region: RegionSnapshot,
  context: PlacementContext,
) => Refusal | undefined;

export type PoolFilter = (
  request: SessionRequest,
  place: Place,
  context: PlacementContext,
) => Refusal | undefined;

const residency: RegionFilter = ({ residency: asked }, region) =>
  asked === undefined || asked === region.jurisdiction
    ? undefined
    : {
        code: 'residency',
        reason: `it lies in ${region.jurisdiction}, and the session must stay in ${asked}`,
        forever: true,
      };

const rttCap: RegionFilter = (request, region, { waitedMs }) => {
  if (request.maxRttMs === undefined) return undefined;
  const rttMs = request.rttMs[region.region];
  if (rttMs === undefined) {
    const reason = `it was not measured, and an RTT of at most ${request.maxRttMs} ms is asked for`;
    return { code: 'rtt_above_cap', reason, forever: true };
  }
  const capMs = relaxedCapMs(request.maxRttMs, waitedMs);
  if (rttMs <= capMs) return undefined;
  const forever = rttMs > request.maxRttMs * CAP_RELAXES_TO;
  return {
    code: 'rtt_above_cap',
    reason: `RTT ${rttMs} ms is above the cap of ${Math.round(capMs)} ms`,
    forever,
  };
};

const reachable: RegionFilter = (_request, region) =>
  region.reachable
    ? undefined
    : { code: 'region_unreachable', reason: 'it does not answer at the moment', forever: false };

export const REGION_FILTERS: readonly RegionFilter[] = [residency, rttCap, reachable];

/** The tenant has as many sessions open as it may. */
export const quotaReached = ({ open, max }: { readonly open: number; readonly max: number }): boolean =>
  open >= max;

const tenantQuota: PoolFilter = (_request, _place, { quota }) =>
  quota === undefined || !quotaReached(quota)
    ? undefined
    : {
        code: 'tenant_quota',
        reason: `the tenant has all of its ${quota.max} sessions open`,
        forever: false,
      };

const modelVersion: PoolFilter = (request, { pool, snapshot }) => {
  const wanted = request.modelVersion ?? newestServed(snapshot, request.model);
  return pool.modelVersion === wanted
    ? undefined
    : {
        code: 'model_version_not_served',
        reason: `it serves ${pool.model} ${pool.modelVersion}, not ${wanted}`,
        forever: serves(snapshot, request.model, wanted),
      };
};

const health: PoolFilter = (_request, { pool }, { exclude = [] }) =>
  pool.workers.some((worker) => worker.health === 'ready' && !exclude.includes(worker.workerId))
    ? undefined
    : { code: 'unhealthy', reason: 'none of its workers is ready', forever: false };

const freeSlot: PoolFilter = (_request, { pool, freeSlots }, { spokenFor }) => {
  if (freeSlots - (spokenFor?.get(pool.pool) ?? 0) > 0) return undefined;
  const reason =
    freeSlots > 0 ? 'its free slots go to sessions that wait already' : 'all of its slots are taken';
  return { code: 'no_free_slot', reason, forever: false };
};

export const POOL_FILTERS: readonly PoolFilter[] = [tenantQuota, modelVersion, health, freeSlot];

/** The region has no pool of the model. It never will while others serve it; if none does, the fleet is starting. */
export const modelNotServed = (request: SessionRequest, snapshot: CapacitySnapshot): Refusal => ({
  code: 'model_not_served',
  reason: `it does not serve ${request.model}`,
  forever: serves(snapshot, request.model, request.modelVersion),
});

const serves = (snapshot: CapacitySnapshot, model: string, version: string | undefined): boolean =>
  snapshot.regions.some((region) =>
    region.pools.some((p) => p.model === model && (version === undefined || p.modelVersion === version)),
  );
