import {
  NOT_MEASURED,
  type HeartbeatOutcome,
  type LostWorker,
  type RegisteredWorker,
  type SessionReport,
  type WorkerHeartbeat,
  type WorkerRegistration,
  type WorkerRegistry,
} from '@meridian/application';
import type { Cadence, Incarnation, RegionId, RegionSnapshot, WorkerId } from '@meridian/domain';
import type { FakeRegions } from './fake-regions.ts';
import { countKey } from './meter-key.ts';
import { poolsOf } from './pools-of.ts';
import type { RegionStore, StoredWorker } from './region-store.ts';

export class FakeWorkerRegistry implements WorkerRegistry {
  readonly #regions: FakeRegions;

  constructor(regions: FakeRegions) {
    this.#regions = regions;
  }

  register(worker: WorkerRegistration): Promise<LostWorker | undefined> {
    return this.#regions.at(worker.region, (store, nowMs) => {
      const old = store.workers.get(worker.workerId);
      const same = old?.registration.incarnation === worker.incarnation ? old : undefined;
      const replaced = old && !same && !old.told ? lostWorker(store, old, nowMs) : undefined;
      store.workers.set(worker.workerId, {
        ...{ registration: worker, registeredAtMs: same?.registeredAtMs ?? nowMs, lastHeartbeatAtMs: nowMs },
        ...{ seq: -1, slots: worker.slots, pace: NOT_MEASURED, taken: same?.taken ?? new Map() },
        ...{ cadence: same?.cadence, startedAtMs: same?.startedAtMs ?? nowMs - worker.ageMs },
        ...{ beaten: same?.beaten ?? false, draining: false, drainWanted: old?.drainWanted ?? false },
        ...{ lost: false, told: false },
      });
      return replaced;
    });
  }

  heartbeat(beat: WorkerHeartbeat): Promise<HeartbeatOutcome> {
    return this.#regions.at(beat.region, (store, nowMs): HeartbeatOutcome => {
      const worker = store.workers.get(beat.workerId);
      if (worker?.registration.incarnation !== beat.incarnation) return { kind: 'unknown' };
      const density = beat.slots > 0 ? Math.max(beat.slots, worker.taken.size) : 0;
      for (const report of beat.sessions) keepCounters(store, report, density, nowMs);
      const running = beat.sessions.filter((report) => report.activity !== 'ended');
      const fenced = running.filter((r) => (store.leases.get(r.sessionId)?.lease.epoch ?? 0) > r.epoch);
      if (beat.seq > worker.seq) {
        for (const report of running.filter((r) => !fenced.includes(r))) hold(store, worker, report, nowMs);
        freeStopped(store, worker, beat);
        Object.assign(worker, {
          ...{ seq: beat.seq, slots: beat.slots, draining: beat.draining },
          pace: beat.pace,
          ...{ lastHeartbeatAtMs: nowMs, beaten: true, lost: false, told: false },
        });
      }
      const stops = fenced.map(({ sessionId, epoch }) => ({
        ...{ sessionId, epoch },
        isBound: store.leases.get(sessionId)?.running === true,
      }));
      const cadence = worker.cadence && { cadence: worker.cadence };
      return { kind: 'applied', drain: worker.drainWanted, fenced: stops, ...cadence };
    });
  }

  async snapshot(region: RegionId): Promise<RegionSnapshot> {
    const { jurisdiction, away } = this.#regions.store(region);
    const pools = away ? [] : poolsOf(await this.list(region));
    return { region, jurisdiction, reachable: !away, pools };
  }

  list(region: RegionId): Promise<readonly RegisteredWorker[]> {
    return this.#regions.at(region, (store, nowMs) =>
      [...store.workers.values()]
        .map((worker) => registered(store, worker, nowMs))
        .sort((a, b) => (a.workerId < b.workerId ? -1 : 1)),
    );
  }

  setDraining(region: RegionId, workerId: WorkerId, draining: boolean): Promise<boolean> {
    return this.#regions.at(region, (store) => {
      const worker = store.workers.get(workerId);
      if (worker) worker.drainWanted = draining;
      return worker !== undefined;
    });
  }

  setCadence(
    region: RegionId,
    workerId: WorkerId,
    incarnation: Incarnation,
    cadence: Cadence,
  ): Promise<void> {
    return this.#regions.at(region, (store) => {
      const worker = store.workers.get(workerId);
      if (worker?.registration.incarnation === incarnation) worker.cadence = cadence;
    });
  }

  takeLost(region: RegionId, silentMs: number): Promise<readonly LostWorker[]> {
    return this.#regions.at(region, (store, nowMs) => {
      const silent = [...store.workers.values()].filter(
        (worker) => !worker.told && (worker.lost || nowMs - worker.lastHeartbeatAtMs > silentMs),
      );
      for (const worker of silent) Object.assign(worker, { lost: true, told: true });
      return silent.map((worker) => lostWorker(store, worker, nowMs));
    });
  }

  markLost(region: RegionId, workerId: WorkerId): Promise<void> {
    return this.#regions.at(region, (store) => {
      const worker = store.workers.get(workerId);
      if (worker) worker.lost = true;
    });
  }
}

/** The worker is the truth of what runs (L4): a lease the store has lost, or the process before had, is made anew. */
function hold(store: RegionStore, worker: StoredWorker, report: SessionReport, nowMs: number): void {
  const held = store.leases.get(report.sessionId);
  const sameEpoch = held?.lease.epoch === report.epoch;
  const here = sameEpoch && held?.lease.workerId === worker.registration.workerId;
  if (held && here && worker.taken.get(held.lease.slot) === report.sessionId) {
    held.lease = { ...held.lease, expiresAtMs: nowMs + store.times.leaseTtlMs };
    store.lapsesAt(held.lease.expiresAtMs);
    held.running = true;
  } else if (here || !(held && sameEpoch && held.running)) {
    store.take(worker, { ...report, width: report.width ?? 1 }, store.times.leaseTtlMs, true);
  }
}

function freeStopped(store: RegionStore, worker: StoredWorker, beat: WorkerHeartbeat): void {
  const reported = new Set(beat.sessions.map((report) => report.sessionId));
  for (const sessionId of [...worker.taken.values()]) {
    if (!reported.has(sessionId) && store.leases.get(sessionId)?.running) store.drop(sessionId);
  }
}

function keepCounters(store: RegionStore, report: SessionReport, slots: number, atMs: number): void {
  const { sessionId, epoch, startedUs, seq, activeMs, frames, lateFrames } = report;
  const counts = store.meters.get(sessionId) ?? new Map();
  const key = countKey(report);
  const known = counts.get(key);
  if (known && known.seq >= seq) return;
  const reading = { sessionId, epoch, startedUs, seq, activeMs, frames, lateFrames, slots, atMs };
  store.meters.set(sessionId, counts.set(key, reading));
  store.changed.set(key, reading);
  if (!store.changedSince.has(key)) store.changedSince.set(key, atMs);
}

const lostWorker = (store: RegionStore, worker: StoredWorker, nowMs: number): LostWorker => ({
  worker: registered(store, Object.assign(worker, { lost: true }), nowMs),
  leases: store.leasesOf(worker),
});

const registered = (store: RegionStore, worker: StoredWorker, nowMs: number): RegisteredWorker => ({
  ...withoutAge(worker.registration),
  slots: worker.slots,
  ...store.health(worker, nowMs),
  usedSlots: worker.taken.size,
  ...((worker.drainWanted || worker.draining) && { sessions: new Set(worker.taken.values()).size }),
  isBooting: !worker.beaten,
  startedAtMs: worker.startedAtMs,
  registeredAtMs: worker.registeredAtMs,
  lastHeartbeatAtMs: worker.lastHeartbeatAtMs,
  pace: worker.pace,
});

function withoutAge({ ageMs: _, ...registration }: WorkerRegistration) {
  return registration;
}
