// A filter answers with its reason, or undefined when it lets the place pass. Region filters come first: what they
// refuse, no pool of the region can mend. Whatever waiting does not change is refused before what it does.
import type { SessionRequest } from '../session/session.ts';
import { keptSlots } from './kept-slots.ts';
import { rttCapEverMs, rttCapMs } from './latency-cap.ts';
import {
  DEFAULT_PLACEMENT_POLICY,
  type Place,
  type PlacementContext,
  type Refusal,
  type SeenRegion,
  type ServedModel,
} from './placement.ts';
import type { WorkerSnapshot } from './snapshot.ts';

export type RegionFilter = (
  request: SessionRequest,
  seen: SeenRegion,
  context: PlacementContext,
) => Refusal | undefined;

export type PoolFilter = (
  request: SessionRequest,
  place: Place,
  context: PlacementContext,
) => Refusal | undefined;

const residency: RegionFilter = ({ residency: asked }, { region }) =>
  asked === undefined || asked === region.jurisdiction
    ? undefined
    : {
        code: 'residency',
        forever: true,
        say: () => `it lies in ${region.jurisdiction}, and the session must stay in ${asked}`,
      };

const rttCap: RegionFilter = (request, { rtt }, { waitedMs, policy = DEFAULT_PLACEMENT_POLICY }) => {
  const capMs = rttCapMs(request, policy, waitedMs);
  if (rtt.atMostMs <= capMs) return undefined;
  const everMs = rttCapEverMs(request, policy);
  const forever = rtt.atMostMs > everMs;
  return {
    code: 'rtt_above_cap',
    forever,
    say: () => {
      const seen = rtt.isEstimated
        ? `RTT is estimated at ${rtt.ms} ms and may be ${Math.round(rtt.atMostMs)} ms, above the cap of ${Math.round(capMs)} ms`
        : `RTT ${rtt.ms} ms is above the cap of ${Math.round(capMs)} ms`;
      if (!forever) return `${seen}; the cap relaxes with the wait and will let it pass`;
      return `${seen}; ${rtt.isEstimated ? 'measure it, or ask' : 'ask'} for a cap of ${Math.round(rtt.atMostMs)} ms`;
    },
  };
};

const reachable: RegionFilter = (_request, { region }) =>
  region.reachable
    ? undefined
    : {
        code: 'region_unreachable',
        forever: false,
        say: () => 'it does not answer at the moment; a wait or another region helps',
      };

export const REGION_FILTERS: readonly RegionFilter[] = [residency, rttCap, reachable];

/** The tenant has as many sessions open as it may. */
export const quotaReached = ({ open, max }: { readonly open: number; readonly max: number }): boolean =>
  open >= max;

const tenantQuota: PoolFilter = (_request, _place, { quota }) =>
  quota === undefined || !quotaReached(quota)
    ? undefined
    : {
        code: 'tenant_quota',
        forever: false,
        say: () => `the tenant has all of its ${quota.max} sessions open; end one, or have the quota raised`,
      };

const modelVersion: PoolFilter = (_request, { pool, served }) =>
  pool.modelVersion === served.modelVersion
    ? undefined
    : {
        code: 'model_version_not_served',
        forever: served.isServed,
        say: () =>
          `it serves ${pool.model} ${pool.modelVersion}; ${String(served.modelVersion)} is ${served.isServed ? 'served elsewhere' : 'not served at the moment'}`,
      };

const largeEnough: PoolFilter = ({ gpus }, { width }) =>
  width !== 'never'
    ? undefined
    : {
        code: 'too_few_gpus',
        forever: true,
        say: () =>
          `none of its workers spans ${String(gpus)} GPUs; ask for fewer, or for a pool of larger workers`,
      };

const health: PoolFilter = (_request, { pool, room }) =>
  room.readyWorkers > 0
    ? undefined
    : {
        code: 'unhealthy',
        forever: false,
        say: () => `none of its workers is ready: ${pool.workers.map(stateOf).join(', ')}`,
      };

const stateOf = ({ workerId, health: state, healthReason }: WorkerSnapshot): string =>
  `${workerId} is ${state}${healthReason === undefined ? '' : ` (${healthReason})`}`;

const freeSlot: PoolFilter = ({ gpus }, { room, freeSlots, width }) => {
  if (freeSlots > 0 && typeof width === 'number' && width <= freeSlots) return undefined;
  return {
    code: 'no_free_slot',
    forever: false,
    say: () => {
      if (room.freeSlots === 0) return 'all of its slots are taken; one that ends makes room';
      if (freeSlots <= 0) return 'its free slots go to sessions that wait already';
      return `no worker of it has ${String(gpus)} GPUs free; sessions that end make room`;
    },
  };
};

const keptForOthers: PoolFilter = (request, place, { waitedMs, policy = DEFAULT_PLACEMENT_POLICY }) => {
  const { priority = 'normal' } = request;
  const { room, pool, freeSlots, width } = place;
  const { targetActionToFrameMs, maxWaitMs } = policy;
  const isWithinTarget = place.predictedActionToFrameMs <= targetActionToFrameMs;
  if (isWithinTarget && priority === 'normal') return undefined;
  const from = { priority, isWithinTarget, waitedMs, maxWaitMs };
  const kept = keptSlots(room.slots, pool.expectedArrivals ?? 0, from);
  if (kept === 0 || freeSlots - Number(width) >= kept) return undefined;
  return {
    code: 'kept_for_others',
    forever: false,
    say: () =>
      priority === 'low'
        ? `its last ${kept} free slots are kept for sessions of higher priority; it takes one when more are free`
        : `its last ${kept} free slots are kept for sessions that it serves within ${targetActionToFrameMs} ms; it takes one when more are free`,
  };
};

/** `width` is a number once `largeEnough` and `freeSlot` have passed. */
export const POOL_FILTERS: readonly PoolFilter[] = [
  ...[tenantQuota, modelVersion, largeEnough, health, freeSlot, keptForOthers],
];

/** The region has no pool of the model. It never will while others serve it; if none does, the fleet is starting. */
export const modelNotServed = ({ model }: SessionRequest, served: ServedModel): Refusal => ({
  code: 'model_not_served',
  forever: served.isServed,
  say: () =>
    `it does not serve ${model}; ${served.isServed ? 'other regions do' : 'none does at the moment'}`,
});
