// A filter answers with its reason, or undefined when it lets the place pass. Region filters come first: what they
// refuse, no pool of the region can mend. Whatever waiting does not change is refused before what it does.
// A thousand places are judged in a decision, and nearly all pass: a filter allocates nothing unless it refuses, and
// reasons are closures of functions of their own, since V8 allocates what a closure may need when its function begins.
import type { Priority, SessionRequest } from '../session/session.ts';
import { keptSlots } from './kept-slots.ts';
import { rttCapEverMs, rttCapMs } from './latency-cap.ts';
import {
  DEFAULT_PLACEMENT_POLICY,
  type Place,
  type Judging,
  type Refusal,
  type SeenRegion,
  type ServedModel,
} from './placement.ts';
import type { Rtt } from './region-rtt.ts';
import type { PoolSnapshot, WorkerSnapshot } from './snapshot.ts';

export type RegionFilter = (
  request: SessionRequest,
  seen: SeenRegion,
  context: Judging,
) => Refusal | undefined;

export type PoolFilter = (request: SessionRequest, place: Place, context: Judging) => Refusal | undefined;

const residency: RegionFilter = (request, { region }) =>
  request.residency === undefined || request.residency === region.jurisdiction
    ? undefined
    : notIn(request.residency, region.jurisdiction);

const notIn = (asked: string, jurisdiction: string): Refusal => ({
  code: 'residency',
  forever: true,
  say: () => `it lies in ${jurisdiction}, and the session must stay in ${asked}`,
});

const rttCap: RegionFilter = (request, { rtt }, { waitedMs, policy = DEFAULT_PLACEMENT_POLICY }) => {
  const capMs = rttCapMs(request, policy, waitedMs);
  return rtt.atMostMs <= capMs ? undefined : aboveCap(rtt, capMs, rttCapEverMs(request, policy));
};

function aboveCap(rtt: Rtt, capMs: number, everMs: number): Refusal {
  const forever = rtt.atMostMs > everMs;
  const atMost = Math.round(rtt.atMostMs);
  const say = (): string => {
    const seen = rtt.isEstimated
      ? `RTT is estimated at ${rtt.ms} ms and may be ${atMost} ms, above the cap of ${Math.round(capMs)} ms`
      : `RTT ${rtt.ms} ms is above the cap of ${Math.round(capMs)} ms`;
    if (!forever) return `${seen}; the cap relaxes with the wait and will let it pass`;
    return `${seen}; ${rtt.isEstimated ? 'measure it, or ask' : 'ask'} for a cap of ${atMost} ms`;
  };
  return { code: 'rtt_above_cap', forever, say };
}

const reachable: RegionFilter = (_request, { region }) => (region.reachable ? undefined : UNREACHABLE);

const UNREACHABLE: Refusal = {
  code: 'region_unreachable',
  forever: false,
  say: () => 'it does not answer at the moment; a wait or another region helps',
};

export const REGION_FILTERS: readonly RegionFilter[] = [residency, rttCap, reachable];

/** The tenant has as many sessions open as it may. */
export const quotaReached = ({ open, max }: { readonly open: number; readonly max: number }): boolean =>
  open >= max;

const tenantQuota: PoolFilter = (_request, _place, { quota }) =>
  quota === undefined || !quotaReached(quota) ? undefined : allOpen(quota.max);

const allOpen = (max: number): Refusal => ({
  code: 'tenant_quota',
  forever: false,
  say: () => `the tenant has all of its ${max} sessions open; end one, or have the quota raised`,
});

const modelVersion: PoolFilter = (_request, { pool, served }) =>
  pool.modelVersion === served.modelVersion ? undefined : otherVersion(pool, served);

const otherVersion = (pool: PoolSnapshot, { modelVersion: wanted, isServed }: ServedModel): Refusal => ({
  code: 'model_version_not_served',
  forever: isServed,
  say: () =>
    `it serves ${pool.model} ${pool.modelVersion}; ${String(wanted)} is ${isServed ? 'served elsewhere' : 'not served at the moment'}`,
});

const largeEnough: PoolFilter = (request, { width }) =>
  width === 'never' ? tooFewGpus(request.gpus) : undefined;

const tooFewGpus = (gpus: number | undefined): Refusal => ({
  code: 'too_few_gpus',
  forever: true,
  say: () => `none of its workers spans ${String(gpus)} GPUs; ask for fewer, or for a pool of larger workers`,
});

const health: PoolFilter = (_request, { pool, room }) =>
  room.readyWorkers > 0 ? undefined : noneReady(pool);

const noneReady = ({ workers }: PoolSnapshot): Refusal => ({
  code: 'unhealthy',
  forever: false,
  say: () => `none of its workers is ready: ${workers.map(stateOf).join(', ')}`,
});

const stateOf = ({ workerId, health: state, healthReason }: WorkerSnapshot): string =>
  `${workerId} is ${state}${healthReason === undefined ? '' : ` (${healthReason})`}`;

const freeSlot: PoolFilter = (request, { room, freeSlots, width }) =>
  freeSlots > 0 && typeof width === 'number' && width <= freeSlots
    ? undefined
    : noFreeSlot(request.gpus, room.freeSlots, freeSlots);

const noFreeSlot = (gpus: number | undefined, free: number, unspoken: number): Refusal => ({
  code: 'no_free_slot',
  forever: false,
  say: () => {
    if (free === 0) return 'all of its slots are taken; one that ends makes room';
    if (unspoken <= 0) return 'its free slots go to sessions that wait already';
    return `no worker of it has ${String(gpus)} GPUs free; sessions that end make room`;
  },
});

const keptForOthers: PoolFilter = (
  { priority = 'normal' },
  place,
  { waitedMs, policy = DEFAULT_PLACEMENT_POLICY, keptYieldsBelowMs, measuredNothing },
) => {
  const { isWithinTarget, predictedActionToFrameMs } = place;
  const yields = isWithinTarget || measuredNothing || predictedActionToFrameMs < keptYieldsBelowMs;
  if (priority === 'high' || (yields && priority === 'normal')) return undefined;
  const from = { priority, isWithinTarget, waitedMs, maxWaitMs: policy.maxWaitMs };
  const kept = keptSlots(place.room.slots, place.pool.expectedArrivals ?? 0, from);
  const isLeft = kept === 0 || place.freeSlots - Number(place.width) >= kept;
  return isLeft ? undefined : keptFor(priority, kept, policy.targetActionToFrameMs);
};

function keptFor(priority: Priority, kept: number, targetMs: number): Refusal {
  const others =
    priority === 'low' ? 'sessions of higher priority' : `sessions that it serves within ${targetMs} ms`;
  return {
    code: 'kept_for_others',
    forever: false,
    say: () =>
      `${kept === 1 ? 'its last free slot is' : `its last ${kept} free slots are`} kept for ${others}; it takes one when more are free`,
  };
}

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
