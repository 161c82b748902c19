// Pure: the same request, snapshot and context give the same ranking, here, in a replay and in simulation (D1).
// A thousand pools are looked at in well under a millisecond: sums come from `roomOf`, reasons are told when shown,
// and only the best few are kept in order.
import type { PoolId, RegionId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import { modelNotServed, POOL_FILTERS, REGION_FILTERS } from './filters.ts';
import { servedModel } from './model-version.ts';
import {
  DEFAULT_PLACEMENT_POLICY,
  type Candidate,
  type Place,
  type PlacementContext,
  type Refusal,
  type SeenRegion,
  type ServedModel,
} from './placement.ts';
import { fit, roomOf } from './pool-room.ts';
import { rttsOf } from './region-rtt.ts';
import { congestionPriceMs, predictedActionToFrameMs } from './score.ts';
import type { CapacitySnapshot, PoolSnapshot } from './snapshot.ts';

/** What placement found out about one region: its best candidate, or why there is none. */
export interface RegionFinding {
  readonly region: RegionId;
  readonly rttMs: number;
  readonly rttEstimated: boolean;
  readonly best?: Candidate;
  /** Set when there is no candidate: of the pool that waiting may still open, if any. */
  readonly refusal?: Refusal;
}

/** A pool, or a region as a whole, that cannot take the session. */
export interface Refused {
  readonly region: RegionId;
  readonly pool?: PoolId;
  readonly refusal: Refusal;
}

export interface Ranking {
  /** `full`: nothing now, but waiting may help. `impossible`: no region could ever take the session. */
  readonly kind: 'ranked' | 'full' | 'impossible';
  /** Best first: the best few of all, and the best of every region. */
  readonly candidates: readonly Candidate[];
  /** One for every region, as the snapshot lists them. */
  readonly findings: readonly RegionFinding[];
  readonly refused: readonly Refused[];
  readonly request: SessionRequest;
  readonly context: PlacementContext;
  /** When the snapshot was read, Unix ms. */
  readonly decidedAtMs: number;
}

/** So many candidates are kept in order; who loses sixteen races in a row asks a fresh snapshot. */
export const MOST_CANDIDATES = 16;

/** Filters every region and pool, and ranks what passes: those within the target first, then by score. */
export function rankPools(
  request: SessionRequest,
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): Ranking {
  const served = servedModel(request, snapshot);
  const rttTo = rttsOf(request, snapshot);
  const found: Found = { best: [], refused: [] };
  const findings = snapshot.regions.map((region) =>
    judgeRegion(request, { region, rtt: rttTo(region) }, served, context, found),
  );
  const candidates = withBestOfEveryRegion(found.best, findings);
  const hopeless = candidates.length === 0 && findings.every(({ refusal }) => refusal?.forever === true);
  const kind = candidates.length > 0 ? 'ranked' : hopeless ? 'impossible' : 'full';
  const basis = { request, context, decidedAtMs: snapshot.takenAtMs };
  return { kind, candidates, findings, refused: found.refused, ...basis };
}

/** Of all regions so far. */
interface Found {
  /** In order, best first, and at most `MOST_CANDIDATES`. */
  readonly best: Candidate[];
  readonly refused: Refused[];
}

/** Adds to `found` what the region has. */
function judgeRegion(
  request: SessionRequest,
  seen: SeenRegion,
  served: ServedModel,
  context: PlacementContext,
  found: Found,
): RegionFinding {
  const { region } = seen.region;
  const refuseAll = (refusal: Refusal): RegionFinding => {
    found.refused.push({ region, refusal });
    return { ...heardOf(seen), refusal };
  };
  const refusal = firstRefusal(REGION_FILTERS, request, seen, context);
  if (refusal) return refuseAll(refusal);
  let best: Candidate | undefined;
  // The pool that waiting may still open speaks for the region.
  let spoken: Refusal | undefined;
  for (const pool of seen.region.pools) {
    if (pool.model !== request.model) continue;
    const place = placeOf(request, seen, pool, served, context);
    const why = firstRefusal(POOL_FILTERS, request, place, context);
    if (why) {
      found.refused.push({ region, pool: pool.pool, refusal: why });
      if (!spoken || (spoken.forever && !why.forever)) spoken = why;
      continue;
    }
    const candidate = candidateOf(place, context);
    if (!best || better(candidate, best) < 0) best = candidate;
    keepIfAmongBest(found.best, candidate);
  }
  if (best) return { ...heardOf(seen), best };
  return spoken ? { ...heardOf(seen), refusal: spoken } : refuseAll(modelNotServed(request, served));
}

const heardOf = ({ region: { region }, rtt }: SeenRegion): Omit<RegionFinding, 'best' | 'refusal'> => ({
  region,
  rttMs: rtt.ms,
  rttEstimated: rtt.isEstimated,
});

type Filter<S> = (request: SessionRequest, seen: S, context: PlacementContext) => Refusal | undefined;

function firstRefusal<S>(
  filters: readonly Filter<S>[],
  request: SessionRequest,
  seen: S,
  context: PlacementContext,
): Refusal | undefined {
  for (const filter of filters) {
    const refusal = filter(request, seen, context);
    if (refusal) return refusal;
  }
  return undefined;
}

function placeOf(
  request: SessionRequest,
  { region, rtt }: SeenRegion,
  listed: PoolSnapshot,
  served: ServedModel,
  { exclude, spokenFor }: PlacementContext,
): Place {
  const pool = exclude === undefined ? listed : without(listed, exclude);
  const room = roomOf(pool);
  return {
    region,
    rtt,
    pool,
    room,
    served,
    freeSlots: room.freeSlots - (spokenFor?.get(pool.pool) ?? 0),
    width: fit(room, request.gpus),
    predictedActionToFrameMs: predictedActionToFrameMs(rtt.ms, pool),
  };
}

const AVOIDED = { health: 'lost', healthReason: 'it is to be avoided' } as const;

/** Workers to avoid are as good as lost; the pool is itself when it has none of them. */
function without(pool: PoolSnapshot, exclude: readonly string[]): PoolSnapshot {
  if (!pool.workers.some(({ workerId }) => exclude.includes(workerId))) return pool;
  const workers = pool.workers.map((worker) =>
    exclude.includes(worker.workerId) ? { ...worker, ...AVOIDED } : worker,
  );
  return { ...pool, workers };
}

function candidateOf(place: Place, context: PlacementContext): Candidate {
  const { region, pool, room, rtt, freeSlots, width, predictedActionToFrameMs: predicted } = place;
  const { policy = DEFAULT_PLACEMENT_POLICY, draw = 0 } = context;
  const busySlots = room.slots - freeSlots + Number(width) + (pool.expectedArrivals ?? 0);
  const congestionMs = congestionPriceMs(busySlots, room.slots);
  return {
    region: region.region,
    pool: pool.pool,
    rttMs: rtt.ms,
    rttEstimated: rtt.isEstimated,
    predictedActionToFrameMs: predicted,
    congestionMs,
    scoreMs: predicted + congestionMs,
    freeSlots,
    width: Number(width),
    feasible: predicted <= policy.targetActionToFrameMs,
    tie: Math.imul(room.hash ^ Math.floor(draw * 2 ** 32), 0x9e3779b1) >>> 0,
  };
}

/** Total, so that the order never depends on how the snapshot happens to list its pools. */
export const better = (a: Candidate, b: Candidate): number =>
  Number(b.feasible) - Number(a.feasible) || a.scoreMs - b.scoreMs || a.tie - b.tie || byText(a.pool, b.pool);

const byText = (a: PoolId, b: PoolId): number => (a === b ? 0 : a < b ? -1 : 1);

function keepIfAmongBest(best: Candidate[], candidate: Candidate): void {
  const worst = best[MOST_CANDIDATES - 1];
  if (worst && better(candidate, worst) >= 0) return;
  let at = best.length;
  while (at > 0 && better(candidate, best[at - 1] as Candidate) < 0) at -= 1;
  best.splice(at, 0, candidate);
  if (best.length > MOST_CANDIDATES) best.pop();
}

/** A store that is away refuses all of its region's pools; then another region's best is at hand. */
function withBestOfEveryRegion(
  best: readonly Candidate[],
  findings: readonly RegionFinding[],
): readonly Candidate[] {
  const shown = new Set(best.map(({ region }) => region));
  const missing = findings.flatMap((finding) =>
    finding.best && !shown.has(finding.region) ? [finding.best] : [],
  );
  return missing.length === 0 ? best : [...best, ...missing.sort(better)];
}
