import {
  END_REASONS,
  judgeCadence,
  STEADY,
  type Cadence,
  type EndReason,
  type Epoch,
  type RegionId,
  type Session,
  type SessionId,
  type WorkerId,
} from '@meridian/domain';
import type { CreditLeases } from '../billing/credit-leases.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable, type LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { UsageRepository } from '../ports/usage-repository.ts';
import type {
  HeartbeatOutcome,
  SessionReport,
  WorkerHeartbeat,
  WorkerRegistry,
} from '../ports/worker-registry.ts';
import { readingOf } from '../metering/reading-of.ts';
import { AGAIN, tryAppend, untilSettled } from '../sessions/append.ts';
import { releaseQuietly } from '../sessions/reserve-best.ts';

export interface ObserveHeartbeatPorts {
  readonly registry: WorkerRegistry;
  readonly sessions: SessionRepository;
  readonly usage: UsageRepository;
  readonly leases: LeaseStore;
  readonly credit: CreditLeases;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

export interface StopSession {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  /** Empty: it did not end, but moved on to a higher epoch. */
  readonly reason: EndReason | '';
}

/** What a session's active time may come to at this epoch. */
export interface SessionCredit {
  readonly sessionId: SessionId;
  readonly epoch: Epoch;
  readonly creditMs: number;
}

export type ObserveHeartbeatOutcome =
  /** The worker must register again (gRPC NOT_FOUND). */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'observed';
      /** Ended sessions whose end and counters are stored: the worker may forget them. */
      readonly acknowledged: readonly SessionId[];
      readonly stop: readonly StopSession[];
      /** Credit that its worker does not know of yet. */
      readonly credits: readonly SessionCredit[];
      readonly drain: boolean;
      /** Set when this heartbeat made the control plane quarantine the worker, give it a trial or take it back. */
      readonly turned?: Cadence;
    };

/** Never throws for a store that is away: what could not be stored is not acknowledged, and comes again. */
export type ObserveHeartbeat = (beat: WorkerHeartbeat) => Promise<ObserveHeartbeatOutcome>;

export function makeObserveHeartbeat(ports: ObserveHeartbeatPorts): ObserveHeartbeat {
  const settled = new Map<WorkerId, Map<SessionId, Settled>>();
  const drains = new Map<WorkerId, boolean>();
  return async (beat) => {
    const noted = await noteBeat(ports, beat);
    if (noted.kind === 'unknown') return noted;
    const turned = noted.kind === 'applied' ? await judgePace(ports, beat, noted.cadence) : undefined;
    const { drain, fenced } =
      noted.kind === 'applied' ? noted : { drain: drains.get(beat.workerId) ?? false, fenced: [] };
    // A store that is away for a moment must not look to the worker like an operator who takes it back.
    drains.set(beat.workerId, drain);
    const before = settled.get(beat.workerId) ?? new Map<SessionId, Settled>();
    const after = new Map<SessionId, Settled>();
    settled.set(beat.workerId, after);
    const acknowledged: SessionId[] = [];
    const [bound, contested] = [
      fenced.filter(({ isBound }) => isBound),
      fenced.filter(({ isBound }) => !isBound),
    ];
    const stop: StopSession[] = bound.map(({ sessionId, epoch }) => ({ sessionId, epoch, reason: '' }));
    const credits: SessionCredit[] = [];
    let recordAway = false;
    for (const report of beat.sessions) {
      const known = before.get(report.sessionId);
      const isContested = contested.some(({ sessionId }) => sessionId === report.sessionId);
      if (known && !isContested && !isDue(known, report, ports.clock.nowMs())) {
        after.set(report.sessionId, known);
        continue;
      }
      if (recordAway) continue;
      try {
        const verdict = await settle(ports, beat.region, report);
        if (verdict === 'acknowledged') {
          acknowledged.push(report.sessionId);
          continue;
        }
        if (verdict && 'reason' in verdict) {
          stop.push(verdict);
          continue;
        }
        if (verdict) credits.push(verdict);
        after.set(report.sessionId, { ...keyOf(report), atMs: ports.clock.nowMs() });
      } catch (error) {
        // It comes again with the next heartbeat. One session that cannot be stored must not silence the others.
        recordAway = error instanceof StoreUnavailable;
        ports.incidents.note('report not stored', error, { sessionId: report.sessionId });
      }
    }
    return {
      ...{ kind: 'observed', acknowledged, stop: withoutDoubles(stop), credits, drain },
      ...(turned && { turned }),
    };
  };
}

/** What of a report is on record, and when that was last looked up. */
interface Settled {
  readonly key: string;
  readonly atMs: number;
}

/** How often a report that says nothing new is held against the record, which may have ended the session, ms. */
const VERIFY_EVERY_MS = 5_000;

const keyOf = ({ epoch, activity }: SessionReport) => ({ key: `${epoch} ${activity}` });

const isDue = (known: Settled, report: SessionReport, nowMs: number): boolean =>
  report.activity === 'ended' || known.key !== keyOf(report).key || nowMs - known.atMs >= VERIFY_EVERY_MS;

/** With the region's store away the sessions are still observed: the record needs no lease to be right (L4). */
async function noteBeat(
  ports: ObserveHeartbeatPorts,
  beat: WorkerHeartbeat,
): Promise<HeartbeatOutcome | { readonly kind: 'away' }> {
  try {
    return await ports.registry.heartbeat(beat);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    ports.incidents.note('registry does not answer', error, { region: beat.region, workerId: beat.workerId });
    await keepCounters(ports, beat);
    return { kind: 'away' };
  }
}

/**
 * The region's store would have kept them until they are flushed. What is answered is not to be lost, and this worker may
 * not live to say it again: with that store away the record takes them at once.
 */
async function keepCounters(
  { usage, clock, incidents }: ObserveHeartbeatPorts,
  { workerId, sessions }: WorkerHeartbeat,
): Promise<void> {
  const atMs = clock.nowMs();
  try {
    await usage.apply(sessions.map((report) => readingOf(report, atMs)));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('counters kept by nobody; the next heartbeat tells them again', error, { workerId });
  }
}

/**
 * Health by cadence. A store that has lost what was judged so far is told again as soon as the worker is late for long
 * enough. Times are this process's clock: replicas differ by less than the seconds that are counted here.
 */
async function judgePace(
  { registry, clock, incidents }: ObserveHeartbeatPorts,
  { region, workerId, incarnation, slots, pace, sessions }: WorkerHeartbeat,
  before: Cadence = STEADY,
): Promise<Cadence | undefined> {
  const playing = sessions.filter(({ activity }) => activity === 'active').length;
  const seen = { atMs: clock.nowMs(), lateShare: pace.lateShare, sessions: playing, slots };
  const after = judgeCadence(before, seen);
  if (after === before) return undefined;
  try {
    await registry.setCadence(region, workerId, incarnation, after);
    return after.state === before.state ? undefined : after;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('pace of a worker not kept; its next heartbeat tells it again', error, { workerId });
    return undefined;
  }
}

const settle = (
  ports: ObserveHeartbeatPorts,
  region: RegionId,
  report: SessionReport,
): Promise<'acknowledged' | StopSession | SessionCredit | undefined> =>
  report.activity === 'ended'
    ? settleEnd(ports, region, report)
    : settleRunning(ports, report, report.activity);

/** Stored before it is acknowledged, so that a worker forgets nothing that we could lose. */
async function settleEnd(
  ports: ObserveHeartbeatPorts,
  region: RegionId,
  report: SessionReport,
): Promise<'acknowledged'> {
  const { sessionId, epoch } = report;
  const reading = readingOf(report, ports.clock.nowMs());
  await untilSettled(
    sessionId,
    () => ports.sessions.find(sessionId),
    async (session) => {
      // Ended before, or gone on at a higher epoch (L2): only the counters are news.
      if (session.state === 'ended' || session.epoch !== epoch) return ports.usage.apply([reading]);
      const command = { type: 'end', atMs: reading.atMs, epoch, ...endOf(report) } as const;
      return tryAppend(ports.sessions, session, [command], reading);
    },
  );
  await releaseQuietly(ports, { region, sessionId, epoch });
  return 'acknowledged';
}

async function settleRunning(
  ports: ObserveHeartbeatPorts,
  report: SessionReport,
  activity: 'connecting' | 'active' | 'held',
): Promise<StopSession | SessionCredit | undefined> {
  const { sessionId, epoch } = report;
  return untilSettled(
    sessionId,
    () => ports.sessions.find(sessionId),
    async (session): Promise<StopSession | SessionCredit | undefined | typeof AGAIN> => {
      if (session.state === 'ended') {
        return { sessionId, epoch, reason: session.endReason ?? 'operator_ended' };
      }
      if (epoch < session.epoch) return { sessionId, epoch, reason: '' };
      const command = { type: 'observe', atMs: ports.clock.nowMs(), epoch, activity } as const;
      if ((await tryAppend(ports.sessions, session, [command])) === AGAIN) return AGAIN;
      return unknownCredit(ports, session, report);
    },
  );
}

async function unknownCredit(
  { credit }: ObserveHeartbeatPorts,
  session: Session,
  { sessionId, epoch, activeMs, creditMs: knownMs = -1 }: SessionReport,
): Promise<SessionCredit | undefined> {
  const creditMs = await credit.leaseFor(session, activeMs);
  return creditMs !== undefined && creditMs > knownMs ? { sessionId, epoch, creditMs } : undefined;
}

/** A reason that is none of ours is a failure of the model's side, with its words kept. */
function endOf({ endReason = '' }: SessionReport): { readonly reason: EndReason; readonly detail?: string } {
  const reason = END_REASONS.find((known) => known === endReason);
  return reason ? { reason } : { reason: 'model_failed', detail: `worker said: ${endReason || 'nothing'}` };
}

const withoutDoubles = (stop: readonly StopSession[]): readonly StopSession[] => [
  ...new Map(stop.map((one) => [`${one.sessionId} ${one.epoch}`, one])).values(),
];
