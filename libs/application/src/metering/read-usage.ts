import {
  DEFAULT_CURRENCY,
  poundsPerUserHour,
  type MeterReading,
  type Session,
  type SessionId,
  type SessionUsage,
  type TenantId,
  type UsageSegment,
} from '@meridian/domain';
import type { Clock } from '../ports/clock.ts';
import type { Incidents } from '../ports/incidents.ts';
import { StoreUnavailable } from '../ports/lease-store.ts';
import type { SessionRepository } from '../ports/session-repository.ts';
import type { FleetCostRow, UsageRepository } from '../ports/usage-repository.ts';
import type { LiveMeters } from '../ports/worker-registry.ts';

export interface ReadUsagePorts {
  readonly sessions: SessionRepository;
  readonly usage: UsageRepository;
  readonly meters: LiveMeters;
  readonly clock: Clock;
  readonly incidents: Incidents;
}

export interface SessionUsageReport {
  readonly usage: SessionUsage;
  readonly poundsPerUserHour: number;
  readonly segments: readonly UsageSegment[];
}

/** Undefined: no such session of this tenant. A session that was never active has used nothing. */
export type ReadSessionUsage = (
  tenantId: TenantId,
  sessionId: SessionId,
) => Promise<SessionUsageReport | undefined>;

export interface FleetCost {
  readonly currency: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** `sessionNano + idleNano` is `billNano`, exactly (M3). */
  readonly billNano: bigint;
  readonly sessionNano: bigint;
  readonly idleNano: bigint;
  readonly userHours: number;
  /** The sessions' share of the bill per user-hour. */
  readonly poundsPerUserHour: number;
  /** The whole bill per user-hour, idle included. */
  readonly poundsPerUserHourLoaded: number;
  readonly pools: readonly FleetCostRow[];
}

export type ReadFleetCost = (fromMs: number, toMs: number) => Promise<FleetCost>;

export const makeReadSessionUsage =
  (ports: ReadUsagePorts): ReadSessionUsage =>
  async (tenantId, sessionId) => {
    const session = await ports.sessions.findForTenant(tenantId, sessionId);
    if (!session) return undefined;
    const live = await liveReadings(ports, session);
    const usage = (await ports.usage.sessionUsage(sessionId, live)) ?? unused(session, ports.clock.nowMs());
    const segments = await ports.usage.segments(sessionId);
    return { usage, poundsPerUserHour: poundsPerUserHour(usage.costNano, usage.activeMs), segments };
  };

/** With the region away the stored counters are shown, which are a flush old. */
async function liveReadings(
  { meters, incidents }: ReadUsagePorts,
  { lease, state, request: { sessionId } }: Session,
): Promise<readonly MeterReading[]> {
  if (!lease || state === 'ended') return [];
  try {
    return await meters.read(lease.region, sessionId);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    incidents.note('live meter not read', error, { region: lease.region, sessionId });
    return [];
  }
}

const unused = ({ request, state }: Session, asOfMs: number): SessionUsage => ({
  ...{ sessionId: request.sessionId, activeMs: 0, frames: 0, lateFrames: 0, costNano: 0n },
  ...{ currency: DEFAULT_CURRENCY, final: state === 'ended', asOfMs },
});
export const makeReadFleetCost =
  ({ usage }: Pick<ReadUsagePorts, 'usage'>): ReadFleetCost =>
  async (fromMs, toMs) => {
    const pools = await usage.fleetCost(fromMs, toMs);
    const billNano = pools.reduce((sum, pool) => sum + pool.billNano, 0n);
    const sessionNano = pools.reduce((sum, pool) => sum + pool.sessionNano, 0n);
    const activeMs = pools.reduce((sum, pool) => sum + pool.activeMs, 0);
    return {
      ...{ currency: pools[0]?.currency ?? DEFAULT_CURRENCY, fromMs, toMs, pools },
      ...{ billNano, sessionNano, idleNano: billNano - sessionNano, userHours: activeMs / 3_600_000 },
      poundsPerUserHour: poundsPerUserHour(sessionNano, activeMs),
      poundsPerUserHourLoaded: poundsPerUserHour(billNano, activeMs),
    };
  };
