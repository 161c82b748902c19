// L1. A slot has at most one live lease, a lease has as many slots as it is wide, and no worker runs more than it has.
// L2. Two workers never both serve a session at its own epoch.
// L3. A lost reply leaks no slot and opens no second session: once all is quiet, what is held is what is open.
// M2. The segments of a session are disjoint, over all its epochs.
// M1. Usage on record is what the workers counted: nothing twice, nothing lost but what died unreported with a worker.
import { isDeepStrictEqual } from 'node:util';
import type { SessionReport } from '@meridian/application';
import type { Session } from '@meridian/domain';
import { EU_WEST, US_EAST, type SimWorker } from '@meridian/testkit/world';
import type { History } from './history.ts';

/** Something that must hold does not. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
}

const REGIONS = [US_EAST, EU_WEST] as const;

/** What holds at every moment. */
export function checkAlways(history: History): void {
  for (const region of REGIONS) {
    const store = history.world.store(region);
    for (const worker of store.workers.values()) {
      const name = worker.registration.workerId;
      const holders = [...Map.groupBy(worker.taken.values(), (sessionId) => sessionId)];
      for (const [sessionId, slots] of holders) {
        const lease = store.leases.get(sessionId)?.lease;
        hold(
          lease?.workerId === name,
          `L1: slots of ${name} are marked for ${sessionId}, which has no lease there`,
        );
        same('L1', `slots of ${sessionId} on ${name}`, slots.length, lease?.width);
      }
      hold(
        [...worker.taken.keys()].every((slot) => slot >= 0),
        `L1: ${name} has a slot below 0`,
      );
    }
    for (const { lease, incarnation } of store.leases.values()) {
      const worker = store.workers.get(lease.workerId);
      // The lease of a process that is gone is kept until its session is re-placed, ended, or served by the next one.
      if (!worker || worker.registration.incarnation !== incarnation) continue;
      const marked = [...worker.taken.values()].filter((sessionId) => sessionId === lease.sessionId).length;
      same(
        'L1',
        `slots marked for the lease of ${lease.sessionId} on ${lease.workerId}`,
        marked,
        lease.width,
      );
    }
  }
  const served = history.alive.flatMap((worker) =>
    worker.running.map((r) => `${r.sessionId} at epoch ${r.epoch}`),
  );
  hold(new Set(served).size === served.length, `L2: two workers serve one of ${served.join(', ')}`);
  for (const worker of history.alive) {
    const wide = worker.running.reduce((sum, report) => sum + (report.width ?? 1), 0);
    const { workerId, slots } = worker.registration;
    hold(wide <= slots, `L1: ${workerId} has ${slots} slots and runs sessions on ${wide}`);
  }
}

/** What holds when everyone has left. */
export async function checkAtRest(history: History): Promise<void> {
  const { world } = history;
  const { record } = world;
  const open = [...record.rows.values()].filter(({ session }) => session.state !== 'ended');
  same(
    'L3',
    'sessions that have not ended',
    open.map(({ session }) => session.request.sessionId),
    [],
  );
  same('L3', 'sessions on record', [...record.rows.keys()].toSorted(), [...history.opened].toSorted());
  for (const region of REGIONS) {
    same('L3', `leases in ${region}`, [...world.store(region).leases.keys()], []);
  }
  same(
    'L3',
    'sessions that workers run',
    history.alive.flatMap((worker) => worker.running),
    [],
  );
  for (const worker of history.alive) checkCounters(history, worker);
  for (const { session } of record.rows.values()) checkHistory(history, session);
  checkGroups(history);
  const { sessionNano, idleNano, billNano } = await world.readFleetCost(0, world.clock.nowMs() + 1);
  hold(sessionNano + idleNano === billNano, `M3: ${sessionNano} + ${idleNano} nano is not ${billNano}`);
}

/** A group was opened as a whole, in one region. */
function checkGroups({ world: { record } }: History): void {
  const members = [...record.rows.values()].filter(({ session }) => session.request.groupId !== undefined);
  for (const [groupId, rows] of Map.groupBy(members, ({ session }) => session.request.groupId)) {
    const first = rows.map(({ events }) => events[0]);
    const places = first.map((event) => (event?.type === 'reserved' ? event.lease.region : event?.type));
    same('L3', `first places of group ${groupId}`, new Set(places).size, 1);
    same('L3', `members of group ${groupId} that were placed`, places.filter(isRegion).length, rows.length);
  }
}

const isRegion = (place: string | undefined): boolean => REGIONS.some((region) => region === place);

/** L4. Stores that were away for a while ended no session. */
export function checkNothingLost({ world }: History): void {
  const events = [...world.record.rows.values()].flatMap((row) => row.events);
  const lost = events.filter(
    (e) =>
      (e.type === 'migrating' && e.reason !== 'drain') || (e.type === 'ended' && e.reason === 'worker_lost'),
  );
  same('L4', 'sessions that lost their worker though none was lost', lost, []);
}

/**
 * What workers counted to the end of a session is on record, to the last unit; of what a killed one counted at the same
 * epoch, what somebody heard.
 */
function checkCounters({ world }: History, worker: SimWorker): void {
  for (const { sessionId, epoch } of worker.history) {
    const isIt = (report: SessionReport): boolean => report.sessionId === sessionId && report.epoch === epoch;
    const told = world.fleet.flatMap(({ history }) => history.filter(isIt));
    const lost = world.fleet.flatMap((one) => one.lost.filter(isIt));
    const last = world.record.metersOf(sessionId).find((m) => m.epoch === epoch)?.last;
    for (const counter of ['activeMs', 'frames'] as const) {
      const what = `${counter} of ${sessionId} at epoch ${epoch}`;
      const toldSum = told.reduce((sum, report) => sum + report[counter], 0);
      const lostSum = lost.reduce((sum, report) => sum + report[counter], 0);
      const stored = last?.[counter] ?? 0;
      if (lost.length === 0) same('M1', what, stored, toldSum);
      else
        hold(
          stored >= toldSum && stored <= toldSum + lostSum,
          `M1: ${what}: ${stored}, told ${toldSum}, lost ${lostSum}`,
        );
    }
  }
}

function checkHistory({ world }: History, { request: { sessionId } }: Session): void {
  const events = world.record.rows.get(sessionId)?.events ?? [];
  const epochs = events.flatMap((e) =>
    e.type === 'reserved' || e.type === 'migrated' ? [e.lease.epoch] : [],
  );
  same(
    'L2',
    `epochs of ${sessionId}`,
    epochs,
    [...new Set(epochs)].toSorted((a, b) => a - b),
  );
  const meters = world.record.metersOf(sessionId);
  const segments = world.record.segmentsOf(sessionId);
  for (const [index, { startsAtMs }] of segments.entries()) {
    const beforeMs = segments[index - 1]?.endsAtMs ?? -Infinity;
    hold(startsAtMs >= beforeMs, `M2: a segment of ${sessionId} begins before another has ended`);
  }
  for (const counter of ['activeMs', 'frames'] as const) {
    const cut = segments.reduce((sum, segment) => sum + segment[counter], 0);
    const metered = meters.reduce((sum, meter) => sum + meter.last[counter], 0);
    same('M1', `${counter} in the segments of ${sessionId}`, cut, metered);
  }
}

function hold(holds: boolean, otherwise: string): void {
  if (!holds) throw new InvariantBroken(otherwise);
}

function same(invariant: string, what: string, found: unknown, expected: unknown): void {
  const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  hold(
    isDeepStrictEqual(found, expected),
    `${invariant}: ${what}: ${text(found)}, expected ${text(expected)}`,
  );
}
