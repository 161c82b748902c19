// Sessions opened together go to one region, or nowhere. Capacity is counted for all of them at once: what one member
// takes, the next does not find.
import type { PoolId, RegionId, SessionId } from '../ids.ts';
import type { RegionVerdict, SessionRequest } from '../session/session.ts';
import type { Candidate, PlacementContext, Refusal } from './placement.ts';
import { freeOf, withSlotsTaken } from './pool-room.ts';
import { rankPools, type Ranking } from './rank-pools.ts';
import { slotsNeeded, type CapacitySnapshot, type PoolSnapshot, type RegionSnapshot } from './snapshot.ts';

export interface GroupMember {
  readonly sessionId: SessionId;
  readonly pool: PoolId;
  /** Of this member in this region after those before it were counted; `whyOf` takes it. */
  readonly ranking: Ranking;
}

/** A region that has room for all. */
export interface GroupPlace {
  readonly region: RegionId;
  /** In the order to reserve in: the widest first, as wide ones find room on few workers. */
  readonly members: readonly GroupMember[];
  /** How many of them it serves beyond the target. */
  readonly beyondTarget: number;
  /** Predicted for the member that is served worst, ms. */
  readonly worstActionToFrameMs: number;
  /** Sum over the members, ms; lower is better. */
  readonly scoreMs: number;
}

export interface GroupRefusal {
  readonly region: RegionId;
  /** The member that found no place; those before it had one. */
  readonly sessionId: SessionId;
  readonly refusal: Refusal;
}

export interface GroupRanking {
  readonly kind: Ranking['kind'];
  /** Best first: by how many are beyond the target, then by the one served worst, then by the sum of scores. */
  readonly places: readonly GroupPlace[];
  /** One for every region without a place, as the snapshot lists them. */
  readonly refusals: readonly GroupRefusal[];
}

/**
 * Ranks the regions that can take every one of the requests.
 * @param requests at least one, all of one tenant; the quota of `context` is that before any of them
 */
export function rankRegionsForGroup(
  requests: readonly SessionRequest[],
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): GroupRanking {
  const widestFirst = requests.toSorted((a, b) => (b.gpus ?? 0) - (a.gpus ?? 0));
  const places: GroupPlace[] = [];
  const refusals: GroupRefusal[] = [];
  for (const region of snapshot.regions) {
    const found = placeAllIn(region, widestFirst, snapshot, context);
    if ('members' in found) places.push(found);
    else refusals.push(found);
  }
  const hopeless = places.length === 0 && refusals.every(({ refusal }) => refusal.forever);
  const kind = places.length > 0 ? 'ranked' : hopeless ? 'impossible' : 'full';
  return { kind, places: places.sort(betterPlace), refusals };
}

const betterPlace = (a: GroupPlace, b: GroupPlace): number =>
  a.beyondTarget - b.beyondTarget ||
  a.worstActionToFrameMs - b.worstActionToFrameMs ||
  a.scoreMs - b.scoreMs ||
  (a.region < b.region ? -1 : 1);

function placeAllIn(
  region: RegionSnapshot,
  requests: readonly SessionRequest[],
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): GroupPlace | GroupRefusal {
  const members: GroupMember[] = [];
  const candidates: Candidate[] = [];
  let left = region;
  for (const request of requests) {
    const { sessionId } = request;
    const ranking = rankWithin(left, request, snapshot, afterOthers(context, members.length));
    const [candidate] = ranking.candidates;
    if (!candidate) {
      const refusal = refusalOf(ranking, members.length, requests.length);
      return { region: region.region, sessionId, refusal };
    }
    members.push({ sessionId, pool: candidate.pool, ranking });
    candidates.push(candidate);
    left = withMember(left, candidate, request, context);
  }
  return {
    region: region.region,
    members,
    beyondTarget: candidates.filter(({ feasible }) => !feasible).length,
    worstActionToFrameMs: Math.max(...candidates.map((c) => c.predictedActionToFrameMs)),
    scoreMs: candidates.reduce((sum, { scoreMs }) => sum + scoreMs, 0),
  };
}

/** The other regions stay in view, since they say what is served and what RTTs are estimated from. */
function rankWithin(
  left: RegionSnapshot,
  request: SessionRequest,
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): Ranking {
  const { region } = left;
  const regions = snapshot.regions.map((other) => (other.region === region ? left : other));
  const ranking = rankPools(request, { ...snapshot, regions }, context);
  return {
    ...ranking,
    candidates: ranking.candidates.filter((candidate) => candidate.region === region),
    findings: ranking.findings.filter((finding) => finding.region === region),
    refused: ranking.refused.filter((refused) => refused.region === region),
  };
}

const afterOthers = (context: PlacementContext, placed: number): PlacementContext =>
  context.quota ? { ...context, quota: { ...context.quota, open: context.quota.open + placed } } : context;

function refusalOf({ findings: [finding] }: Ranking, placed: number, all: number): Refusal {
  const refusal = finding?.refusal;
  if (!refusal) throw new Error('no candidate and no refusal');
  if (placed === 0 || refusal.forever) return refusal;
  return {
    code: 'group_too_large',
    forever: false,
    say: () => `it has room for ${placed} of the ${all}, and they go to one region or none: ${refusal.say()}`,
  };
}

/** The region after one member took its slots, on the fullest worker that has room, as the store will do it. */
function withMember(
  region: RegionSnapshot,
  { pool: chosen }: Candidate,
  { gpus }: SessionRequest,
  { exclude = [] }: PlacementContext,
): RegionSnapshot {
  const take = (pool: PoolSnapshot): PoolSnapshot => {
    const [fullest] = pool.workers
      .filter((worker) => worker.health === 'ready' && !exclude.includes(worker.workerId))
      .map((worker) => ({ worker, width: slotsNeeded(gpus, worker) ?? Infinity, free: freeOf(worker) }))
      .filter(({ width, free }) => width <= free)
      .sort((a, b) => a.free - b.free || (a.worker.workerId < b.worker.workerId ? -1 : 1));
    return fullest ? withSlotsTaken(pool, fullest.worker.workerId, fullest.width) : pool;
  };
  return { ...region, pools: region.pools.map((pool) => (pool.pool === chosen ? take(pool) : pool)) };
}

/** A verdict for every region: `chosen` is the one that was reserved in. */
export const explainGroup = (
  { places, refusals }: GroupRanking,
  chosen?: RegionId,
): readonly RegionVerdict[] => [
  ...places.map(({ region, worstActionToFrameMs, beyondTarget, members }): RegionVerdict => {
    const far = beyondTarget === 0 ? '' : `, ${beyondTarget} of them beyond the target`;
    const worst = Math.round(worstActionToFrameMs * 10) / 10;
    return {
      region,
      outcome: region === chosen ? 'chosen' : 'feasible',
      predictedActionToFrameMs: worst,
      reason: `room for all ${members.length}: at most ${worst} ms predicted from action to frame${far}`,
    };
  }),
  ...refusals.map(({ region, refusal }): RegionVerdict => {
    return { region, outcome: 'rejected', code: refusal.code, reason: refusal.say() };
  }),
];
