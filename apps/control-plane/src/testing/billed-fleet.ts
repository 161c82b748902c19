// A morning's usage on record, of any stores: who played where and how long, on GPUs that were up for an hour each.
import { makePostCharges, makeRecomputeGpuHours, makeRollUpUsage, type Clock } from '@meridian/application';
import {
  decide,
  evolveAll,
  type Incarnation,
  type RegionId,
  type SessionId,
  type TenantId,
} from '@meridian/domain';
import { aReading, aSession, end, observe, poolIn, reserve, workerId } from '@meridian/testkit';
import type { Stores } from '../stores.ts';

const HOUR_MS = 3_600_000;

export interface Played {
  readonly tenant: string;
  readonly region: RegionId;
  readonly startMs: number;
  readonly ms: number;
}

/** A session that began and ended, with all that it used. */
export async function play(stores: Stores, { tenant, region, startMs, ms }: Played): Promise<string> {
  const name = `${tenant}${region}${startMs}`.replaceAll(/[^a-z2-7]/g, '').padEnd(26, 'a');
  const sessionId = `ses_${name.slice(-26)}` as SessionId;
  const request = { sessionId, tenantId: tenant as TenantId, traceId: `trace-${sessionId}` };
  const lease = { region, pool: poolIn(region), workerId: workerId(`${region}-1`) };
  const began = aSession(request, startMs, reserve(startMs, lease), observe(startMs, 'active'));
  await stores.sessions.create(began.session, began.events, undefined);
  const events = decide(end(startMs + ms), began.session);
  const counters = { seq: 9, activeMs: ms, frames: ms / 40, lateFrames: 2, atMs: startMs + ms };
  await stores.sessions.append(
    evolveAll(began.session, events),
    events,
    began.session.eventCount,
    aReading({ sessionId, ...counters }),
  );
  return sessionId;
}

/** One worker of two slots that was up, and ready, for a whole hour. */
export async function workerUp(stores: Stores, region: RegionId, hourMs: number): Promise<void> {
  const id = { workerId: workerId(`${region}-1`), incarnation: 'i1' as Incarnation };
  const what = { region, pool: poolIn(region), gpuType: 'h100', purchase: 'on_demand' } as const;
  const times = { startedAtMs: hourMs, lastSeenAtMs: hourMs + HOUR_MS };
  await stores.usage.recordUptime([{ ...id, ...what, ...times, slots: 2, gpus: 1 }]);
  await stores.gpuHours.recordStates([
    { ...id, atMs: hourMs, state: 'ready', usedSlots: 0, slots: 2, isWanted: false },
  ]);
}

/** What the jobs do: hours, GPU hours, the check of both, and charges. */
export async function settle(stores: Stores, clock: Clock): Promise<void> {
  await makeRollUpUsage(stores)();
  await makeRecomputeGpuHours({ ...stores, clock })();
  for (const hourMs of await stores.gpuHours.hoursToCheck(0, clock.nowMs())) {
    await stores.gpuHours.check(hourMs, clock.nowMs());
  }
  await makePostCharges({ ...stores, events: stores.webhooks, clock })();
}
