// Why a session was placed where it was, in a sentence a person can act on. The answer to an open, the session's
// history and the operator's page all show these.
import type { PoolId } from '../ids.ts';
import type { RegionVerdict } from '../session/session.ts';
import type { Candidate, Refusal } from './placement.ts';
import type { Ranking, RegionFinding } from './rank-pools.ts';

/**
 * A verdict for every region that was considered.
 * @param chosen the pool that was reserved; undefined when none was
 * @param refused candidates that refused when they were asked: another placement was faster, or the store went away
 */
export function explain(
  ranking: Ranking,
  chosen?: PoolId,
  refused: ReadonlyMap<PoolId, Refusal> = new Map(),
): readonly RegionVerdict[] {
  const winner = ranking.candidates.find((candidate) => candidate.pool === chosen);
  return ranking.findings.map((finding) => verdictOf(finding, winner, refused));
}

function verdictOf(
  finding: RegionFinding,
  winner: Candidate | undefined,
  refused: ReadonlyMap<PoolId, Refusal>,
): RegionVerdict {
  const base = { region: finding.region, ...(finding.rttMs === undefined ? {} : { rttMs: finding.rttMs }) };
  const shown =
    winner?.region === finding.region ? winner : finding.candidates.find((c) => !refused.has(c.pool));
  if (shown) {
    const outcome = shown === winner ? 'chosen' : 'feasible';
    return { ...base, ...figuresOf(shown), outcome, reason: reasonFor(shown, winner) };
  }
  const refusal = finding.refusal ?? refused.get(finding.candidates[0]?.pool ?? ('' as PoolId));
  if (!refusal) throw new Error(`no verdict for ${finding.region}`);
  return { ...base, outcome: 'rejected', code: refusal.code, reason: refusal.reason };
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

const ms = (value: number): string => `${round(value)} ms`;
const slots = (count: number): string => (count === 1 ? '1 slot' : `${count} slots`);
const round = (value: number): number => Math.round(value * 10) / 10;
