// One region's store in memory: what Redis keeps, moved by the same rules. L1. A slot has at most one live lease, and
// it is expiry that frees it.
import { StoreUnavailable } from '@meridian/application';
import type { Clock, WorkerPace, WorkerRegistration } from '@meridian/application';
import type {
  Lease,
  MeterReading,
  PoolId,
  RegionId,
  SessionId,
  WorkerHealth,
  WorkerId,
} from '@meridian/domain';

export interface StoredWorker {
  readonly registration: WorkerRegistration;
  readonly registeredAtMs: number;
  lastHeartbeatAtMs: number;
  seq: number;
  slots: number;
  pace: WorkerPace;
  /** Slot number -> session. */
  readonly taken: Map<number, SessionId>;
  /** Before its first heartbeat nobody knows which of its slots are in use. */
  beaten: boolean;
  draining: boolean;
  drainWanted: boolean;
  lost: boolean;
  told: boolean;
}

export interface StoredLease {
  lease: Lease;
  /** The worker has reported the session. */
  running: boolean;
}

export interface RegionTimes {
  readonly leaseTtlMs: number;
  readonly staleMs: number;
}

export class RegionStore {
  readonly workers = new Map<WorkerId, StoredWorker>();
  readonly leases = new Map<SessionId, StoredLease>();
  readonly meters = new Map<SessionId, Map<number, MeterReading>>();
  readonly changed = new Map<string, MeterReading>();
  /** True: every call throws `StoreUnavailable`. */
  away = false;
  readonly region: RegionId;
  readonly jurisdiction: string;
  readonly times: RegionTimes;
  readonly #clock: Clock;

  constructor(region: RegionId, jurisdiction: string, clock: Clock, times: RegionTimes) {
    this.region = region;
    this.jurisdiction = jurisdiction;
    this.times = times;
    this.#clock = clock;
  }

  /** Every call begins here. */
  enter(): number {
    if (this.away) throw new StoreUnavailable(`store of ${this.region}`);
    const nowMs = this.#clock.nowMs();
    for (const [sessionId, { lease }] of this.leases) {
      if (lease.expiresAtMs <= nowMs) this.drop(sessionId);
    }
    return nowMs;
  }

  /** Forgets everything, as a Redis without persistence does when it restarts. */
  flush(): void {
    for (const kept of [this.workers, this.leases, this.meters, this.changed]) kept.clear();
  }

  drop(sessionId: SessionId): void {
    const held = this.leases.get(sessionId);
    if (!held) return;
    this.leases.delete(sessionId);
    const taken = this.workers.get(held.lease.workerId)?.taken;
    if (taken?.get(held.lease.slot) === sessionId) taken.delete(held.lease.slot);
  }

  take(
    worker: StoredWorker,
    sessionId: SessionId,
    epoch: Lease['epoch'],
    ttlMs: number,
    running: boolean,
  ): Lease {
    this.drop(sessionId);
    let slot = 0;
    while (worker.taken.has(slot)) slot += 1;
    const { region, pool, workerId, address } = worker.registration;
    const expiresAtMs = this.#clock.nowMs() + ttlMs;
    const place = { region, pool, workerId, workerAddress: address, slot, slots: worker.slots };
    const lease: Lease = { sessionId, ...place, epoch, expiresAtMs };
    worker.taken.set(slot, sessionId);
    this.leases.set(sessionId, { lease, running });
    return lease;
  }

  /** Fewest free slots first, then the lowest id. */
  fullestWithRoom(pool: PoolId, exclude: readonly WorkerId[], nowMs: number): StoredWorker | undefined {
    return [...this.workers.values()]
      .filter((worker) => worker.registration.pool === pool && this.health(worker, nowMs) === 'ready')
      .filter((worker) => !exclude.includes(worker.registration.workerId) && freeSlots(worker) > 0)
      .sort((a, b) => freeSlots(a) - freeSlots(b) || byId(a, b))[0];
  }

  health(worker: StoredWorker, nowMs: number): WorkerHealth {
    if (worker.lost || nowMs - worker.lastHeartbeatAtMs > this.times.staleMs) return 'lost';
    if (!worker.beaten) return 'quarantined';
    return worker.draining || worker.drainWanted ? 'draining' : 'ready';
  }

  leasesOf(worker: StoredWorker): readonly Lease[] {
    return [...worker.taken.values()].flatMap((sessionId) => {
      const held = this.leases.get(sessionId);
      return held?.lease.workerId === worker.registration.workerId ? [held.lease] : [];
    });
  }
}

const freeSlots = (worker: StoredWorker): number => worker.slots - worker.taken.size;

const byId = (a: StoredWorker, b: StoredWorker): number =>
  a.registration.workerId < b.registration.workerId ? -1 : 1;
