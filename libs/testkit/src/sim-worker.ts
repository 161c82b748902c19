// A worker process as the control plane sees it: it serves sessions, beats, is told to stop, and dies.
// L2. It serves a session only at the highest epoch it has seen. M1. Its counters are cumulative.
import type {
  ObserveHeartbeat,
  RegisterWorker,
  SessionReport,
  SessionTokenClaims,
  WorkerPace,
  WorkerRegistration,
} from '@meridian/application';
import { StoreUnavailable } from '@meridian/application';
import type { EndReason, SessionId } from '@meridian/domain';
import { aPace } from './builders.ts';
import type { EndCall, FakeWorkerControl } from './fakes/small-fakes.ts';

export interface SimWorkerPorts {
  readonly registerWorker: RegisterWorker;
  readonly observeHeartbeat: ObserveHeartbeat;
  readonly workers: FakeWorkerControl;
  /** The process's own clock, Unix us. */
  readonly nowUs: () => number;
}

interface Served {
  report: SessionReport;
}

export class SimWorker {
  readonly registration: WorkerRegistration;
  readonly #ports: SimWorkerPorts;
  readonly #pace: WorkerPace;
  readonly #served = new Map<SessionId, Served>();
  /** Last counters of the sessions whose end was acknowledged. */
  readonly history: SessionReport[] = [];
  /** Those of the sessions that it ran when it was killed, whoever had heard of them. */
  readonly lost: SessionReport[] = [];
  readonly #highestEpoch = new Map<SessionId, number>();
  #beats = 0;
  /** Share of its frames that miss their deadline from now on, in [0, 1]. */
  lateShare = 0;
  #alive = true;
  #draining = false;

  constructor(registration: WorkerRegistration, ports: SimWorkerPorts, pace: WorkerPace = aPace()) {
    this.registration = registration;
    this.#ports = ports;
    this.#pace = pace;
    ports.workers.listen(registration.address, (call) => this.#onEnd(call));
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** An operator wants it drained, as the last heartbeat was told. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Sessions it runs now. */
  get running(): readonly SessionReport[] {
    return this.#reports().filter((report) => report.activity !== 'ended');
  }

  /** False while the region's store is away. */
  async register(): Promise<boolean> {
    try {
      await this.#ports.registerWorker({
        ...{ worker: this.registration, frameWidth: 128, frameHeight: 72, actions: ['w'] },
      });
      return true;
    } catch (error) {
      if (error instanceof StoreUnavailable) return false;
      throw error;
    }
  }

  /** A client's first stream, or one that comes back. False: the token is of an older epoch (L2). */
  connect({ sessionId, epoch, width, creditMs }: SessionTokenClaims): boolean {
    if (!this.#alive || epoch < (this.#highestEpoch.get(sessionId) ?? 0)) return false;
    this.#highestEpoch.set(sessionId, epoch);
    const served = this.#served.get(sessionId);
    if (served?.report.epoch === epoch) {
      if (served.report.activity === 'ended') return false;
      this.#change(served, { activity: 'active' });
      return true;
    }
    if (this.#usedSlots() + width > this.registration.slots) return false;
    const counters = { startedUs: this.#ports.nowUs(), seq: 1, activeMs: 0, frames: 0, lateFrames: 0 };
    const credit = creditMs === undefined ? {} : { creditMs };
    this.#served.set(sessionId, {
      report: { sessionId, epoch, width, activity: 'active', ...counters, ...credit },
    });
    return true;
  }

  disconnect(sessionId: SessionId): void {
    const served = this.#served.get(sessionId);
    if (served && served.report.activity !== 'ended') this.#change(served, { activity: 'held' });
  }

  /** Time goes on: active sessions are stepped at 25 fps as far as their credit goes, held ones are not. */
  play(ms: number): void {
    if (!this.#alive) return;
    for (const served of this.#served.values()) {
      const { sessionId, activity, activeMs, frames, creditMs = Infinity } = served.report;
      if (activity !== 'active') continue;
      const playedMs = Math.min(ms, creditMs - activeMs);
      this.#change(served, { activeMs: activeMs + playedMs, frames: frames + Math.floor(playedMs / 40) });
      if (activeMs + playedMs >= creditMs) this.end(sessionId, 'budget_exhausted');
    }
  }

  end(sessionId: SessionId, endReason: EndReason): void {
    const served = this.#served.get(sessionId);
    if (served && served.report.activity !== 'ended') this.#change(served, { activity: 'ended', endReason });
  }

  /** Beats once and does what it is told; what it ends by that is in the next beat. */
  async beat(): Promise<void> {
    if (!this.#alive) return;
    this.#beats += 1;
    const { workerId, incarnation, region, slots } = this.registration;
    const outcome = await this.#ports.observeHeartbeat({
      ...{ workerId, incarnation, region, slots, seq: this.#beats, draining: this.#draining },
      ...{ pace: { ...this.#pace, lateShare: this.#lateShare() }, sessions: this.#reports() },
    });
    if (outcome.kind === 'unknown') {
      await this.register();
      return;
    }
    this.#draining = outcome.drain;
    for (const sessionId of outcome.acknowledged) {
      const report = this.#served.get(sessionId)?.report;
      if (report?.activity !== 'ended') continue;
      this.history.push(report);
      this.#served.delete(sessionId);
    }
    for (const { sessionId, epoch, creditMs } of outcome.credits) {
      const served = this.#served.get(sessionId);
      if (served?.report.epoch === epoch) this.#change(served, { creditMs });
    }
    for (const { sessionId, epoch, reason } of outcome.stop) {
      if (this.#served.get(sessionId)?.report.epoch === epoch) this.end(sessionId, reason || 'worker_lost');
    }
  }

  /** SIGKILL: nothing is said to anyone, and nothing is kept. */
  crash(): void {
    this.#alive = false;
    this.lost.push(...this.#reports());
    this.#served.clear();
    this.#ports.workers.vanish(this.registration.address);
  }

  #onEnd({ sessionId, epoch, reason }: EndCall): SessionReport | undefined {
    const served = this.#served.get(sessionId);
    if (served?.report.epoch !== epoch) return undefined;
    this.end(sessionId, reason);
    return served.report;
  }

  #change(served: Served, change: Partial<SessionReport>): void {
    served.report = { ...served.report, ...change, seq: served.report.seq + 1 };
  }

  #usedSlots(): number {
    return this.running.reduce((sum, report) => sum + (report.width ?? 1), 0);
  }

  /** Without a frame none is late. */
  #lateShare(): number {
    return this.running.some(({ activity }) => activity === 'active') ? this.lateShare : 0;
  }

  #reports(): readonly SessionReport[] {
    return [...this.#served.values()].map(({ report }) => report);
  }
}
