// Pure: the same request, snapshot and context give the same ranking, here, in a replay and in simulation (D1).
import type { PoolId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import { modelNotServed, POOL_FILTERS, REGION_FILTERS } from './filters.ts';
import {
  TARGET_ACTION_TO_FRAME_MS,
  UNMEASURED_RTT_MS,
  type Candidate,
  type Place,
  type PlacementContext,
  type Refusal,
} from './placement.ts';
import { congestionPriceMs, predictedActionToFrameMs } from './score.ts';
import type { CapacitySnapshot, PoolSnapshot, RegionSnapshot } from './snapshot.ts';

/** What placement found out about one region: candidates, best first, or why there are none. */
export interface RegionFinding {
  readonly region: RegionSnapshot['region'];
  /** As the client measured it; undefined: it did not. */
  readonly rttMs: number | undefined;
  readonly candidates: readonly Candidate[];
  readonly refusal?: Refusal;
}

export interface Ranking {
  /** `full`: nothing now, but waiting may help. `impossible`: no region could ever take the session. */
  readonly kind: 'ranked' | 'full' | 'impossible';
  /** Of all regions, best first. */
  readonly candidates: readonly Candidate[];
  readonly findings: readonly RegionFinding[];
}

/** Filters every region and pool, and ranks what passes: those within the target first, then by score. */
export function rankPools(
  request: SessionRequest,
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): Ranking {
  const findings = snapshot.regions.map((region) => findingOf(request, region, snapshot, context));
  const candidates = findings.flatMap((finding) => finding.candidates).sort(better);
  if (candidates.length > 0) return { kind: 'ranked', candidates, findings };
  const hopeless = findings.every((finding) => finding.refusal?.forever === true);
  return { kind: hopeless ? 'impossible' : 'full', candidates, findings };
}

function findingOf(
  request: SessionRequest,
  region: RegionSnapshot,
  snapshot: CapacitySnapshot,
  context: PlacementContext,
): RegionFinding {
  const rttMs = request.rttMs[region.region];
  const base = { region: region.region, rttMs, candidates: [] };
  const refusal = firstRefusal(REGION_FILTERS, (filter) => filter(request, region, context));
  if (refusal) return { ...base, refusal };
  const pools = region.pools.filter((pool) => pool.model === request.model);
  if (pools.length === 0) return { ...base, refusal: modelNotServed(request, snapshot) };
  const places = pools.map((pool): Place => ({
    region,
    pool,
    snapshot,
    rttMs: rttMs ?? UNMEASURED_RTT_MS,
    freeSlots: freeSlotsOf(pool, context),
  }));
  const judged = places.map((place) => ({
    place,
    refusal: firstRefusal(POOL_FILTERS, (filter) => filter(request, place, context)),
  }));
  const candidates = judged.filter((j) => !j.refusal).map((j) => candidateOf(j.place));
  if (candidates.length > 0) return { ...base, candidates: candidates.sort(better) };
  // The pool that waiting may still open speaks for the region.
  const refusals = judged.flatMap((j) => (j.refusal ? [j.refusal] : []));
  const spoken = refusals.find((r) => !r.forever) ?? refusals[0];
  return { ...base, ...(spoken ? { refusal: spoken } : {}) };
}

function firstRefusal<F>(
  filters: readonly F[],
  ask: (filter: F) => Refusal | undefined,
): Refusal | undefined {
  for (const filter of filters) {
    const refusal = ask(filter);
    if (refusal) return refusal;
  }
  return undefined;
}

/** Free slots on workers that may be used. */
const freeSlotsOf = (pool: PoolSnapshot, { exclude = [] }: PlacementContext): number =>
  pool.workers
    .filter((worker) => worker.health === 'ready' && !exclude.includes(worker.workerId))
    .reduce((sum, worker) => sum + Math.max(0, worker.slots - worker.usedSlots), 0);

function candidateOf(place: Place): Candidate {
  const predicted = predictedActionToFrameMs(place);
  return {
    region: place.region.region,
    pool: place.pool.pool,
    rttMs: place.rttMs,
    predictedActionToFrameMs: predicted,
    scoreMs: predicted + congestionPriceMs(place),
    freeSlots: place.freeSlots,
    feasible: predicted <= TARGET_ACTION_TO_FRAME_MS,
  };
}

/** Total, so that the order never depends on how the snapshot happens to list its pools. */
const better = (a: Candidate, b: Candidate): number =>
  Number(b.feasible) - Number(a.feasible) || a.scoreMs - b.scoreMs || byText(a.pool, b.pool);

const byText = (a: PoolId, b: PoolId): number => (a === b ? 0 : a < b ? -1 : 1);
