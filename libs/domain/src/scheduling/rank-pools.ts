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
  type Judging,
  type Place,
  type PlacementContext,
  type Refusal,
  type SeenRegion,
  type ServedModel,
} from './placement.ts';
import { fit, roomOf, type PoolRoom } from './pool-room.ts';
import { rttsOf, type Rtt } from './region-rtt.ts';
import { congestionPriceMs, predictedActionToFrameMs } from './score.ts';
import type { CapacitySnapshot, PoolSnapshot, RegionSnapshot } from './snapshot.ts';

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

/** Who is beyond the target anyway is not sent farther than this past a pool that keeps its last slots for others, ms. */
const DETOUR_MS = 40;

/**
 * Filters every region and pool, and ranks what passes: those within the target first, then by score. A session beyond
 * the target takes a slot that is kept for others where the next one would be a detour; where there is none, it waits.
 * That costs no attainment (.944 of the optimum with it and .945 without, at capacity .85), and spares it an ocean.
 */
export function rankPools(
  request: SessionRequest,
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): Ranking {
  const ranking = rankBy(request, snapshot, context);
  const [best] = ranking.candidates;
  if (!best || best.feasible) return ranking;
  const keptYieldsBelowMs = best.predictedActionToFrameMs - DETOUR_MS;
  const isKept = ranking.refused.some(({ refusal }) => refusal.code === 'kept_for_others');
  return isKept ? rankBy(request, snapshot, context, keptYieldsBelowMs) : ranking;
}

function rankBy(
  request: SessionRequest,
  snapshot: CapacitySnapshot,
  context: PlacementContext,
  keptYieldsBelowMs = -Infinity,
): Ranking {
  const measuredNothing = Object.keys(request.rttMs).length === 0;
  const judging: Judging = { ...context, keptYieldsBelowMs, measuredNothing };
  const served = servedModel(request, snapshot);
  const rttTo = rttsOf(request, snapshot);
  const found: Found = { best: [], refused: [] };
  const findings = snapshot.regions.map((region) =>
    judgeRegion(request, { region, rtt: rttTo(region) }, served, judging, found),
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
  context: Judging,
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
  const place = new PlaceInTurn(seen, served);
  for (const pool of seen.region.pools) {
    if (pool.model !== request.model) continue;
    place.at(pool, request, context);
    const why = firstRefusal(POOL_FILTERS, request, place, context);
    if (why) {
      found.refused.push({ region, pool: pool.pool, refusal: why });
      if (!spoken || (spoken.forever && !why.forever)) spoken = why;
      continue;
    }
    const congestionMs = congestionOf(place);
    const worst = found.best[MOST_CANDIDATES - 1];
    if (isBeaten(place, congestionMs, best) && isBeaten(place, congestionMs, worst)) continue;
    const candidate = candidateOf(place, congestionMs, context);
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

type Filter<S> = (request: SessionRequest, seen: S, context: Judging) => Refusal | undefined;

function firstRefusal<S>(
  filters: readonly Filter<S>[],
  request: SessionRequest,
  seen: S,
  context: Judging,
): Refusal | undefined {
  for (const filter of filters) {
    const refusal = filter(request, seen, context);
    if (refusal) return refusal;
  }
  return undefined;
}

/** One place that is written over for every pool of a region, as garbage is what makes a decision slow. Filters keep none. */
class PlaceInTurn implements Place {
  readonly region: RegionSnapshot;
  readonly rtt: Rtt;
  readonly served: ServedModel;
  pool!: PoolSnapshot;
  room!: PoolRoom;
  freeSlots = 0;
  width: Place['width'] = 'never';
  predictedActionToFrameMs = 0;
  isWithinTarget = false;

  constructor({ region, rtt }: SeenRegion, served: ServedModel) {
    this.region = region;
    this.rtt = rtt;
    this.served = served;
  }

  at(
    listed: PoolSnapshot,
    { gpus }: SessionRequest,
    { exclude, spokenFor, policy = DEFAULT_PLACEMENT_POLICY }: PlacementContext,
  ): void {
    this.pool = exclude === undefined ? listed : without(listed, exclude);
    this.room = roomOf(this.pool);
    this.freeSlots = this.room.freeSlots - (spokenFor?.get(listed.pool) ?? 0);
    this.width = fit(this.room, gpus);
    this.predictedActionToFrameMs = predictedActionToFrameMs(this.rtt.ms, listed);
    this.isWithinTarget = this.predictedActionToFrameMs <= policy.targetActionToFrameMs;
  }
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

const congestionOf = ({ room, freeSlots, width, pool, isWithinTarget }: Place): number =>
  congestionPriceMs(
    room.slots - freeSlots + Number(width) + (pool.expectedArrivals ?? 0),
    room.slots,
    isWithinTarget,
  );

/** As `better` would say, for most of a thousand places before a candidate is made of them. */
function isBeaten(place: Place, congestionMs: number, by: Candidate | undefined): boolean {
  if (by === undefined) return false;
  if (by.feasible !== place.isWithinTarget) return by.feasible;
  return by.scoreMs < place.predictedActionToFrameMs + congestionMs;
}

function candidateOf(place: Place, congestionMs: number, context: PlacementContext): Candidate {
  const { region, pool, room, rtt, freeSlots, width, predictedActionToFrameMs: predicted } = place;
  const { draw = 0 } = context;
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
    feasible: place.isWithinTarget,
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
