// What the audit log says, for a person in front of a terminal.
import { aligned } from '../bench-result.ts';

/** As the admin API answers; `openapi.json` has the whole of it. */
export interface AuditEntry {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly sessionId?: string;
  readonly region?: string;
  readonly detail: AuditDetail;
}

interface AuditDetail {
  readonly lease?: {
    readonly pool: string;
    readonly workerId: string;
    readonly slot: number;
    readonly epoch: number;
  };
  readonly why?: Why;
  readonly etaMs?: number;
  /** Of a session that was queued, and of one that was placed or refused. */
  readonly reasons?: readonly Verdict[];
  readonly considered?: readonly Verdict[];
}

interface Verdict {
  readonly region: string;
  readonly outcome: string;
  readonly reason: string;
}

interface Why {
  readonly waitedMs: number;
  readonly policy: string;
  readonly candidates: readonly {
    readonly pool: string;
    readonly rttMs: number;
    readonly rttEstimated: boolean;
    readonly predictedActionToFrameMs: number;
    readonly congestionMs: number;
    readonly scoreMs: number;
    readonly freeSlots: number;
    readonly feasible: boolean;
  }[];
  readonly refused: readonly {
    readonly region: string;
    readonly pool?: string;
    readonly code: string;
    readonly reason: string;
  }[];
  readonly refusedMore: number;
}

/** One line an entry. */
export const auditLines = (entries: readonly AuditEntry[]): string[] =>
  aligned(entries.map((e) => [e.at, e.action, e.actor, e.sessionId ?? '', e.region ?? '', headline(e)]));

/** One placement with all that was considered. */
export function placementLines(entry: AuditEntry): string[] {
  const { why, reasons, considered = reasons ?? [] } = entry.detail;
  const head = `${entry.at}  ${entry.action.replace('session.', '')}: ${headline(entry)}`;
  if (!why) return [head, ...aligned(considered.map((v) => [v.region, v.outcome, v.reason])), ''];
  const waited = why.waitedMs > 0 ? `, after ${seconds(why.waitedMs)} in the queue` : '';
  return [head, `  by the ${why.policy} policy${waited}`, ...candidateTable(why), ...refusedTable(why), ''];
}

function headline({ detail: { lease, etaMs, considered, reasons } }: AuditEntry): string {
  if (lease) return `${lease.pool}, worker ${lease.workerId}, slot ${lease.slot}, epoch ${lease.epoch}`;
  if (etaMs !== undefined) return `told to wait about ${seconds(etaMs)}`;
  return (considered ?? reasons ?? []).map(({ region, reason }) => `${region}: ${reason}`).join('; ');
}

const CANDIDATE_HEAD = ['candidate', 'RTT', 'predicted', 'price', 'score', 'free', 'in target'];

const candidateTable = ({ candidates }: Why): string[] =>
  candidates.length === 0
    ? []
    : aligned([
        CANDIDATE_HEAD,
        ...candidates.map((c) => [
          c.pool,
          `${ms(c.rttMs)}${c.rttEstimated ? ' (estimated)' : ''}`,
          ...[c.predictedActionToFrameMs, c.congestionMs, c.scoreMs].map(ms),
          String(c.freeSlots),
          c.feasible ? 'yes' : 'no',
        ]),
      ]);

function refusedTable({ refused, refusedMore }: Why): string[] {
  const more = refusedMore > 0 ? [`  and ${refusedMore} more that could not`] : [];
  return [...aligned(refused.map((r) => [r.pool ?? r.region, r.code, r.reason])), ...more];
}

const ms = (value: number): string => `${Math.round(value * 10) / 10} ms`;
const seconds = (value: number): string => `${Math.round(value / 100) / 10} s`;
