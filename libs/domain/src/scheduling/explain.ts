// Why a session was placed where it was, in a sentence a person can act on. The answer to an open, the session's
// history and the operator's page all show these.
import type { PoolId } from '../ids.ts';
import type { PlacementWhy, RegionVerdict, WhyCandidate, WhyRefused } from '../session/session.ts';
import type { Candidate, Refusal } from './placement.ts';
import type { Ranking, RegionFinding } from './rank-pools.ts';

type RefusedWhenAsked = ReadonlyMap<PoolId, Refusal>;

const NONE: RefusedWhenAsked = new Map();

/**
 * A verdict for every region that was considered.
 * @param chosen the pool that was reserved; undefined when none was
 * @param refused candidates that refused when they were asked: another placement was faster, or the store went away
 */
export function explain(
  ranking: Ranking,
  chosen?: PoolId,
  refused: RefusedWhenAsked = NONE,
): readonly RegionVerdict[] {
  const winner = ranking.candidates.find((candidate) => candidate.pool === chosen);
  return ranking.findings.map((finding) => verdictOf(ranking, finding, winner, refused));
}

function verdictOf(
  ranking: Ranking,
  finding: RegionFinding,
  winner: Candidate | undefined,
  refused: RefusedWhenAsked,
): RegionVerdict {
  const { region, rttMs, rttEstimated, best } = finding;
  const base = { region, rttMs, ...(rttEstimated && { rttEstimated }) };
  const shown =
    winner?.region === region
      ? winner
      : ranking.candidates.find((c) => c.region === region && !refused.has(c.pool));
  if (shown) {
    const outcome = shown === winner ? 'chosen' : 'feasible';
    return { ...base, ...figuresOf(shown), outcome, reason: reasonFor(shown, winner) };
  }
  const refusal = finding.refusal ?? (best && refused.get(best.pool));
  if (!refusal) throw new Error(`no verdict for ${region}`);
  return { ...base, outcome: 'rejected', code: refusal.code, reason: refusal.say() };
}

const figuresOf = (candidate: Candidate) => ({
  predictedActionToFrameMs: round(candidate.predictedActionToFrameMs),
  scoreMs: round(candidate.scoreMs),
  freeSlots: candidate.freeSlots,
});

function reasonFor(candidate: Candidate, winner: Candidate | undefined): string {
  const figure = `${ms(candidate.predictedActionToFrameMs)} predicted from action to frame`;
  if (candidate === winner) {
    const target = candidate.feasible ? '' : ', though that misses the target';
    return `best of those with a free slot: ${figure}, ${slots(candidate.freeSlots)} free${target}`;
  }
  if (!winner) return `${figure}, ${slots(candidate.freeSlots)} free`;
  const other = `${winner.region} has ${ms(winner.predictedActionToFrameMs)}`;
  return candidate.predictedActionToFrameMs < winner.predictedActionToFrameMs
    ? `${figure} and ${other}, but the last slots here are kept for users near to it`
    : `${figure}, and ${other}`;
}

/** So many candidates and refusals are kept with the session; how many more there were is counted. */
const MOST_CANDIDATES_KEPT = 8;
const MOST_REFUSED_KEPT = 16;

/**
 * What the placement was decided on, to be kept with the session.
 * @param refusedWhenAsked as for `explain`; these come first
 */
export function whyOf(ranking: Ranking, refusedWhenAsked: RefusedWhenAsked = NONE): PlacementWhy {
  const { candidates, refused, context, decidedAtMs } = ranking;
  const asked = candidates.flatMap(({ region, pool }) => {
    const refusal = refusedWhenAsked.get(pool);
    return refusal ? [{ region, pool, refusal }] : [];
  });
  const listed = [...asked, ...refused.slice(0, Math.max(0, MOST_REFUSED_KEPT - asked.length))];
  return {
    decidedAtMs,
    waitedMs: context.waitedMs,
    policy: context.policySource ?? 'default',
    candidates: candidates.slice(0, MOST_CANDIDATES_KEPT).map(whyCandidate),
    refused: listed.map(({ refusal, ...place }): WhyRefused => ({
      ...place,
      code: refusal.code,
      reason: refusal.say(),
    })),
    refusedMore: asked.length + refused.length - listed.length,
    draw: context.draw ?? 0,
  };
}

const whyCandidate = ({ tie: _tie, width: _width, ...candidate }: Candidate): WhyCandidate => ({
  ...candidate,
  rttMs: round(candidate.rttMs),
  predictedActionToFrameMs: round(candidate.predictedActionToFrameMs),
  congestionMs: round(candidate.congestionMs),
  scoreMs: round(candidate.scoreMs),
});

const ms = (value: number): string => `${round(value)} ms`;
const slots = (count: number): string => (count === 1 ? '1 slot' : `${count} slots`);
const round = (value: number): number => Math.round(value * 10) / 10;
