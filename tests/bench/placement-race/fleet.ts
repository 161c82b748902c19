// The workers: none runs a model, but each registers, admits the sessions that clients bring, and says every second what
// it serves, as a real one does. L1. What it is asked to serve beyond its slots it refuses, and that is counted.
import { Client, credentials, status } from '@grpc/grpc-js';
import {
  DescribeResponse,
  HeartbeatRequest,
  RegisterRequest,
  SessionActivity,
  SessionReport,
} from '@meridian/protocol/worker';
import { heartbeat, register } from '../fleet-call.ts';

export interface FleetPlan {
  /** host:port of the control plane's FleetService. */
  readonly address: string;
  readonly region: string;
  readonly secret: string;
  readonly workers: number;
  readonly slots: number;
  readonly model: string;
}

const BEAT_MS = 1_000;

export interface Claim {
  readonly workerId: string;
  readonly sessionId: string;
  readonly epoch: number;
  /** Unix ms; a worker takes no claim after it. */
  readonly claimByMs: number;
}

class RaceWorker {
  readonly workerId: string;
  readonly #plan: FleetPlan;
  readonly #client: Client;
  readonly #served = new Map<string, SessionReport>();
  #seq = 0;
  #isRegistered = false;
  #isBeating = false;

  constructor(workerId: string, plan: FleetPlan, client: Client) {
    this.workerId = workerId;
    this.#plan = plan;
    this.#client = client;
  }

  get running(): readonly SessionReport[] {
    return [...this.#served.values()].filter(({ activity }) => activity !== SessionActivity.ENDED);
  }

  /** False: every slot is taken. */
  admit({ sessionId, epoch }: Claim): boolean {
    if (this.#served.has(sessionId)) return true;
    if (this.running.length >= this.#plan.slots) return false;
    const activity = SessionActivity.ACTIVE;
    this.#served.set(sessionId, SessionReport.fromPartial({ sessionId, epoch, activity, seq: 1, width: 1 }));
    return true;
  }

  end(sessionId: string, endReason: string): void {
    const report = this.#served.get(sessionId);
    if (!report || report.activity === SessionActivity.ENDED) return;
    const ended = { activity: SessionActivity.ENDED, endReason, seq: report.seq + 1 };
    this.#served.set(sessionId, { ...report, ...ended });
  }

  /** Registers first when nobody knows it; whatever fails only delays the next beat. */
  async beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      if (!this.#isRegistered) await this.#register();
      await this.#sayWhatRuns();
    } catch (error) {
      const isUnknown = error instanceof Error && 'code' in error && error.code === status.NOT_FOUND;
      if (isUnknown) this.#isRegistered = false;
    } finally {
      this.#isBeating = false;
    }
  }

  async #register(): Promise<void> {
    const { region, secret, slots, model } = this.#plan;
    const describe = DescribeResponse.fromPartial({
      ...{ workerId: this.workerId, model, modelVersion: '1.0.0', frameWidth: 128, frameHeight: 72 },
      ...{ framesPerSecond: 25, actions: ['forward'], stateBytes: 1_000, slots },
    });
    const ids = { workerId: this.workerId, incarnation: 'one', region, gpuType: 'h100' };
    await register(
      this.#client,
      secret,
      RegisterRequest.fromPartial({ ...ids, address: '127.0.0.1:1', describe }),
    );
    this.#isRegistered = true;
  }

  async #sayWhatRuns(): Promise<void> {
    const { secret, slots } = this.#plan;
    this.#seq += 1;
    const pace = { stepMsP50: 8, stepMsP95: 9, stepMsP99: 10, encodeMsP50: 2, encodeMsP95: 3 };
    const request = HeartbeatRequest.fromPartial({
      ...{ workerId: this.workerId, incarnation: 'one', seq: this.#seq, slots, ...pace },
      sessions: [...this.#served.values()],
    });
    const { acknowledgedSessionIds, stop } = await heartbeat(this.#client, secret, request);
    for (const id of acknowledgedSessionIds) {
      if (this.#served.get(id)?.activity === SessionActivity.ENDED) this.#served.delete(id);
    }
    for (const { sessionId, endReason } of stop) this.end(sessionId, endReason || 'worker_lost');
  }
}

export class RaceFleet {
  readonly #workers: ReadonlyMap<string, RaceWorker>;
  readonly #client: Client;
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  /** Sessions that came to a worker without a slot for them. */
  refused = 0;
  /** Sessions whose client came too late. */
  late = 0;
  claimed = 0;

  private constructor(plan: FleetPlan) {
    this.#client = new Client(plan.address, credentials.createInsecure());
    const ids = Array.from(
      { length: plan.workers },
      (_, i) => `${plan.region}-${String(i).padStart(4, '0')}`,
    );
    this.#workers = new Map(ids.map((id) => [id, new RaceWorker(id, plan, this.#client)]));
    // One after the other, evenly spread.
    this.#timer = setInterval(() => this.#beatNext(), BEAT_MS / plan.workers);
  }

  /** All are registered and have beaten once. */
  static async start(plan: FleetPlan): Promise<RaceFleet> {
    const fleet = new RaceFleet(plan);
    for (const worker of fleet.#workers.values()) await worker.beat();
    return fleet;
  }

  get running(): number {
    return [...this.#workers.values()].reduce((sum, worker) => sum + worker.running.length, 0);
  }

  claim(claim: Claim): void {
    const worker = this.#workers.get(claim.workerId);
    if (Date.now() > claim.claimByMs) this.late += 1;
    else if (worker?.admit(claim)) this.claimed += 1;
    else this.refused += 1;
    // A worker tells at once that a session came.
    void worker?.beat();
  }

  end(sessionId: string, reason: string): void {
    for (const worker of this.#workers.values()) worker.end(sessionId, reason);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  #beatNext(): void {
    const workers = [...this.#workers.values()];
    void workers[this.#next++ % workers.length]?.beat();
  }
}
