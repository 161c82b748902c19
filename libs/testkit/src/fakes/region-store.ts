// One region's store in memory: what Redis keeps, moved by the same rules. L1. A slot has at most one live lease, and
// it is expiry that frees it.
import { StoreUnavailable } from '@meridian/application';
import type { Clock, ReserveSlot, WorkerPace, WorkerRegistration } from '@meridian/application';
import {
  slotsNeeded,
  workerHealth,
  type Cadence,
  type Incarnation,
  type Lease,
  type MeterReading,
  type RegionId,
  type SessionId,
  type WorkerId,
  type WorkerSnapshot,
} from '@meridian/domain';

export interface StoredWorker {
  readonly registration: WorkerRegistration;
  readonly registeredAtMs: number;
  readonly startedAtMs: number;
  lastHeartbeatAtMs: number;
  seq: number;
  slots: number;
  pace: WorkerPace;
  /** Undefined: not judged yet. */
  cadence: Cadence | undefined;
  /** Slot number -> session, which is there once for each slot that its lease is wide. */
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
  /** The process whose slots it has. */
  readonly incarnation: Incarnation;
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
  readonly meters = new Map<SessionId, Map<string, MeterReading>>();
  readonly changed = new Map<string, MeterReading>();
  /** When each of `changed` first rose, longest waiting first. */
  readonly changedSince = new Map<string, number>();
  /** True: every call throws `StoreUnavailable`. */
  away = false;
  readonly region: RegionId;
  readonly jurisdiction: string;
  readonly times: RegionTimes;
  readonly #clock: Clock;
  /** No lease lapses before this, so that not every call walks them all. */
  #lapsesAtMs = Infinity;

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
    if (nowMs >= this.#lapsesAtMs) this.#sweep(nowMs);
    return nowMs;
  }

  /** Forgets everything, as a Redis without persistence does when it restarts. */
  flush(): void {
    for (const kept of [this.workers, this.leases, this.meters, this.changed, this.changedSince])
      kept.clear();
  }

  drop(sessionId: SessionId): void {
    const held = this.leases.get(sessionId);
    if (!held) return;
    this.leases.delete(sessionId);
    const taken = this.workers.get(held.lease.workerId)?.taken ?? new Map<number, SessionId>();
    for (const [slot, holder] of taken) if (holder === sessionId) taken.delete(slot);
  }

  /** Takes slots for a session, whose older lease goes in the same move. Undefined: no room; then that one stays. */
  place(wanted: ReserveSlot, nowMs: number): Lease | undefined {
    const { sessionId, epoch, ttlMs } = wanted;
    const best =
      this.#fullest(wanted, (worker) => this.health(worker, nowMs).health === 'ready') ??
      (wanted.alsoLate ? this.#fullest(wanted, (worker) => this.#isLate(worker, nowMs)) : undefined);
    return best && this.take(best.worker, { sessionId, epoch, width: best.width }, ttlMs, false);
  }

  #isLate(worker: StoredWorker, nowMs: number): boolean {
    return worker.beaten && this.health(worker, nowMs).health === 'quarantined';
  }

  #fullest({ pool, gpus, exclude = [] }: ReserveSlot, mayServe: (worker: StoredWorker) => boolean) {
    const [best] = [...this.workers.values()]
      .filter((worker) => worker.registration.pool === pool && mayServe(worker))
      .filter((worker) => !exclude.includes(worker.registration.workerId) && freeSlots(worker) > 0)
      .map((worker) => ({ worker, width: slotsNeeded(gpus, shapeOf(worker)) ?? Infinity }))
      .filter(({ worker, width }) => width <= freeSlots(worker))
      .sort((a, b) => freeSlots(a.worker) - freeSlots(b.worker) || byId(a.worker, b.worker));
    return best;
  }

  take(
    worker: StoredWorker,
    { sessionId, epoch, width }: Pick<Lease, 'sessionId' | 'epoch' | 'width'>,
    ttlMs: number,
    running: boolean,
  ): Lease {
    this.drop(sessionId);
    const slot = markSlots(worker, sessionId, width);
    const { region, pool, workerId, incarnation, address, gpus, purchase } = worker.registration;
    const expiresAtMs = this.#clock.nowMs() + ttlMs;
    const place = {
      region,
      pool,
      workerId,
      workerAddress: address,
      slot,
      width,
      slots: worker.slots,
      gpus,
      purchase,
    };
    const lease: Lease = { sessionId, ...place, epoch, expiresAtMs };
    this.leases.set(sessionId, { lease, incarnation, running });
    this.lapsesAt(expiresAtMs);
    return lease;
  }

  /** A lease lapses then, which may be earlier than any before: a heartbeat renews a claim to less than it had. */
  lapsesAt(expiresAtMs: number): void {
    this.#lapsesAtMs = Math.min(this.#lapsesAtMs, expiresAtMs);
  }

  health(worker: StoredWorker, nowMs: number): Pick<WorkerSnapshot, 'health' | 'healthReason'> {
    return workerHealth({
      isLost: worker.lost || nowMs - worker.lastHeartbeatAtMs > this.times.staleMs,
      hasBeaten: worker.beaten,
      drain: worker.drainWanted,
      draining: worker.draining,
      usedSlots: worker.taken.size,
      cadence: worker.cadence,
    });
  }

  leasesOf(worker: StoredWorker): readonly Lease[] {
    return [...new Set(worker.taken.values())].flatMap((sessionId) => {
      const held = this.leases.get(sessionId);
      return held?.lease.workerId === worker.registration.workerId ? [held.lease] : [];
    });
  }

  /** A renewed lease lapses later than when it was taken, so what is kept is never too late. */
  #sweep(nowMs: number): void {
    let next = Infinity;
    for (const [sessionId, { lease }] of this.leases) {
      if (lease.expiresAtMs <= nowMs) this.drop(sessionId);
      else next = Math.min(next, lease.expiresAtMs);
    }
    this.#lapsesAtMs = next;
  }
}

const shapeOf = ({ slots, registration }: StoredWorker) => ({ slots, gpus: registration.gpus });

/** The lowest free slots, also beyond what the worker says it can; answers with the first. */
function markSlots({ taken }: StoredWorker, sessionId: SessionId, width: number): number {
  const free: number[] = [];
  for (let slot = 0; free.length < width; slot++) if (!taken.has(slot)) free.push(slot);
  for (const slot of free) taken.set(slot, sessionId);
  return free[0] ?? 0;
}

const freeSlots = (worker: StoredWorker): number => worker.slots - worker.taken.size;

const byId = (a: StoredWorker, b: StoredWorker): number =>
  a.registration.workerId < b.registration.workerId ? -1 : 1;
