// F1. One call at a time: a heartbeat each interval, and one at once when a session changes while none is under way.
// F2. Whatever fails here only delays the next call (L4). Counters are cumulative, so that the next one heals it (M1).
// F3. NOT_FOUND means registering again; so does a token signed with a key we do not have.
import { status } from '@grpc/grpc-js';
import type { HeartbeatRequest, HeartbeatResponse, RegisterRequest } from '@meridian/protocol/worker';
import type { Logger } from '@meridian/telemetry';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import type { Pace } from '../engine/pace.ts';
import { backoffMs } from './backoff.ts';
import type { Fleet } from './fleet-client.ts';

export interface FleetLinkPorts {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly draw: () => number;
  readonly engine: Engine;
  readonly pace: Pace;
  readonly logger: Logger;
  readonly announcement: Omit<RegisterRequest, 'ageMs'>;
  /** Of the process. */
  readonly ageMs: () => number;
  /** Throws when the keys cannot be used. */
  readonly useKeys: (jwksJson: string) => void;
  readonly failed: () => void;
}

const CALL_MS_MAX = 2_000;
/** Ended sessions told in one heartbeat; the rest follows when these are acknowledged. */
const ENDED_MAX = 200;
/** Changes within this time of each other share a heartbeat. */
const GATHER_US = 5_000;
const REFRESH_US_MIN = 5_000_000;

type Phase = 'new' | 'registered' | 'closed';

export class FleetLink {
  readonly #ports: FleetLinkPorts;
  #phase: Phase = 'new';
  #seq = 0;
  #failures = 0;
  #intervalMs = 1_000;
  #cancelTimer: (() => void) | undefined;
  #underWay: Promise<void> | undefined;
  #changedMeanwhile = false;
  #operatorDrains = false;
  #refreshedUs = -Infinity;

  constructor(ports: FleetLinkPorts) {
    this.#ports = ports;
  }

  /** Why the worker is not known to the control plane yet, as a sentence. */
  get notReady(): string | undefined {
    return this.#phase === 'registered' ? undefined : 'The worker has not registered with the control plane.';
  }

  start(): void {
    this.#schedule(0);
  }

  /** A session changed: the control plane should hear of it now. */
  changed(): void {
    if (this.#phase === 'closed') return;
    this.#changedMeanwhile = true;
    if (this.#underWay === undefined && this.#failures === 0) this.#schedule(GATHER_US / 1_000);
  }

  /** Registers again for newer keys; not more often than every five seconds, whatever tokens are thrown at us. */
  async refreshKeys(): Promise<void> {
    const nowUs = this.#ports.clock.nowUs();
    if (this.#phase !== 'registered' || nowUs - this.#refreshedUs < REFRESH_US_MIN) return;
    this.#refreshedUs = nowUs;
    await this.#underWay;
    await this.#run(() => this.#register());
  }

  /** Says how every session stands. Resolves when it was heard or could not be, and after `msMax` at the latest. */
  async sayNow(msMax: number): Promise<void> {
    const { clock } = this.#ports;
    let cancel: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => {
      cancel = clock.at(clock.nowUs() + msMax * 1_000, resolve);
    });
    await Promise.race([this.#sayOnce(), tooLong]);
    cancel?.();
  }

  close(): void {
    this.#phase = 'closed';
    this.#cancelTimer?.();
    this.#ports.fleet.close();
  }

  async #sayOnce(): Promise<void> {
    await this.#underWay;
    if (this.#phase === 'registered') await this.#run(() => this.#heartbeat());
  }

  #schedule(inMs: number): void {
    this.#cancelTimer?.();
    if (this.#phase === 'closed') return;
    const { clock } = this.#ports;
    this.#cancelTimer = clock.at(clock.nowUs() + inMs * 1_000, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    if (this.#underWay !== undefined) return;
    await this.#run(() => (this.#phase === 'new' ? this.#register() : this.#heartbeat()));
    this.#schedule(this.#pauseMs());
  }

  #pauseMs(): number {
    if (this.#failures > 0) return backoffMs(this.#failures, this.#ports.draw());
    return this.#changedMeanwhile ? GATHER_US / 1_000 : this.#intervalMs;
  }

  async #run(call: () => Promise<void>): Promise<void> {
    const run = call().then(
      () => {
        if (this.#failures > 0) this.#ports.logger.info('the control plane answers again');
        this.#failures = 0;
      },
      (error: unknown) => this.#fail(error),
    );
    this.#underWay = run;
    await run;
    if (this.#underWay === run) this.#underWay = undefined;
  }

  #fail(error: unknown): void {
    if (this.#phase === 'closed') return;
    this.#failures += 1;
    this.#ports.failed();
    if (codeOf(error) === status.NOT_FOUND) {
      this.#phase = 'new';
      this.#ports.logger.warn('the control plane does not know this worker; registering again');
      return;
    }
    // Once when it starts, then about every minute: an outage must not fill the disk.
    if (this.#failures % 12 !== 1) return;
    const hint = codeOf(error) === status.UNAUTHENTICATED ? 'check FLEET_SECRET' : 'serving goes on';
    this.#ports.logger.warn(
      { why: String(error), failures: this.#failures, hint },
      'the control plane did not answer',
    );
  }

  async #register(): Promise<void> {
    const { fleet, announcement, ageMs } = this.#ports;
    const answer = await fleet.register({ ...announcement, ageMs: ageMs() }, CALL_MS_MAX);
    this.#ports.useKeys(answer.jwksJson);
    if (answer.heartbeatIntervalMs > 0) this.#intervalMs = answer.heartbeatIntervalMs;
    if (this.#phase === 'new') this.#ports.logger.info('registered');
    if (this.#phase !== 'closed') this.#phase = 'registered';
    // A worker is given sessions only once a heartbeat has said what it already serves.
    this.#changedMeanwhile = true;
  }

  async #heartbeat(): Promise<void> {
    this.#changedMeanwhile = false;
    const request = this.#request();
    try {
      this.#take(request, await this.#ports.fleet.heartbeat(request, CALL_MS_MAX));
    } catch (error) {
      this.#changedMeanwhile = true;
      throw error;
    }
  }

  #request(): HeartbeatRequest {
    const { announcement, engine, pace } = this.#ports;
    const { stepMs, encodeMs, lateShare } = pace.read();
    this.#seq += 1;
    return {
      workerId: announcement.workerId,
      incarnation: announcement.incarnation,
      seq: this.#seq,
      draining: engine.draining,
      sessions: engine.reports(ENDED_MAX),
      stepMsP50: stepMs.p50,
      stepMsP95: stepMs.p95,
      stepMsP99: stepMs.p99,
      encodeMsP50: encodeMs.p50,
      encodeMsP95: encodeMs.p95,
      lateShare,
      slots: engine.slots,
    };
  }

  #take(request: HeartbeatRequest, answer: HeartbeatResponse): void {
    const { engine, logger } = this.#ports;
    engine.acknowledge(answer.acknowledgedSessionIds, request.sessions);
    for (const { sessionId, epoch, endReason } of answer.stop) {
      engine.end(sessionId, epoch, endReason, 'The control plane ended the session.');
    }
    for (const { sessionId, epoch, creditMs } of answer.credits) {
      engine.renewCredit(sessionId, epoch, creditMs);
    }
    if (answer.drain === this.#operatorDrains) return;
    this.#operatorDrains = answer.drain;
    engine.drain(answer.drain);
    logger.info({ draining: answer.drain }, 'the operator changed draining');
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
