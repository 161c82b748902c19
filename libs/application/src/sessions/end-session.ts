import type {
  EndReason,
  MeterReading,
  Session,
  SessionId,
  SessionStateName,
  TenantId,
} from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { WorkerControl } from '../ports/worker-control.ts';
import { readingOf } from '../metering/reading-of.ts';
import { AGAIN, tryAppend, untilSettled } from './append.ts';
import { releaseQuietly } from './reserve-best.ts';

export interface EndSessionPorts {
  readonly sessions: SessionRepository;
  readonly leases: LeaseStore;
  readonly workers: WorkerControl;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

export interface EndSessionCommand {
  /** Undefined: an operator or a job, not bound to a tenant. */
  readonly tenantId?: TenantId;
  readonly sessionId: SessionId;
  readonly reason: EndReason;
  readonly detail?: string;
  /** Only if it is still in this state: a job that found it there must not end what has moved on. */
  readonly inState?: SessionStateName;
}

export type EndSessionOutcome =
  /** Also when it had ended before: ending is idempotent, the first reason stays. */
  | { readonly kind: 'ended'; readonly session: Session }
  /** It is not in the state that was asked for; nothing was done. */
  | { readonly kind: 'kept'; readonly session: Session }
  | { readonly kind: 'not_found' };

export type EndSession = (command: EndSessionCommand) => Promise<EndSessionOutcome>;

export const makeEndSession =
  (ports: EndSessionPorts): EndSession =>
  async ({ tenantId, sessionId, reason, detail, inState }) => {
    const find = () =>
      tenantId === undefined
        ? ports.sessions.find(sessionId)
        : ports.sessions.findForTenant(tenantId, sessionId);
    const outcome = await untilSettled(sessionId, find, async (session) => {
      if (session.state === 'ended') return { kind: 'ended', session } as const;
      if (inState !== undefined && session.state !== inState) return { kind: 'kept', session } as const;
      // The worker first: the record of the end then holds the final counters. If the record cannot be written
      // after that, the worker keeps reporting the end until it is.
      const reading = await stopAtWorker(ports, session, reason);
      const atMs = ports.clock.nowMs();
      const command = { type: 'end', atMs, reason, ...(detail === undefined ? {} : { detail }) } as const;
      const ended = await tryAppend(ports.sessions, session, [command], reading);
      if (ended === AGAIN) return AGAIN;
      if (session.lease) await releaseQuietly(ports, { ...session.lease, sessionId });
      return { kind: 'ended', session: ended } as const;
    });
    return outcome ?? { kind: 'not_found' };
  };

async function stopAtWorker(
  { workers, clock, incidents }: EndSessionPorts,
  { request: { sessionId }, lease }: Session,
  reason: EndReason,
): Promise<MeterReading | undefined> {
  if (!lease) return undefined;
  try {
    const report = await workers.end(lease.workerAddress, sessionId, lease.epoch, reason, lease.region);
    return report && readingOf(report, clock.nowMs());
  } catch (error) {
    incidents.note('worker does not answer', error, { sessionId, workerId: lease.workerId });
    return undefined;
  }
}
