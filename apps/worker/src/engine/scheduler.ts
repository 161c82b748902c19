// S1. All sessions that are due at one moment share a batch, and those that are due soon join it: a step for two costs
//     less than two steps. Soon is 3 ms, and 12 ms while the model is busy much of the time. When they are too many,
//     turns go round: an overloaded worker gives everyone the same rate.
// S2. One step runs at a time. A session is never in two batches, and what a step made for a stream that has gone
//     meanwhile, or in a world that a restore has replaced, is dropped, state and all.
// S3. A step that fails taints its whole batch: each of those sessions is then stepped alone until it succeeds, and one
//     that fails alone, after an earlier failure, is the culprit.
import type { Clock } from '../clock.ts';
import { isLate } from './cadence.ts';
import { checkpointOf } from './checkpoints.ts';
import { Crowding } from './crowding.ts';
import { Limits } from './limits.ts';
import type { EngineEvents, SteppedFrame, SteppingModel } from './ports.ts';
import type { Session } from './session.ts';

const CHECKPOINT_INTERVAL_US = 1_000_000;
const FAILURES_MAX = 2;
/** Less than what an aligned session's actions have in hand (phase-aligner.ts): nobody's newest action is missed by it. */
const EARLY_US_MAX = 3_000;
/** Then the newest action of some waits for the next step; but at ten sessions on a core, it is this or late frames. */
const EARLY_US_MAX_CROWDED = 12_000;

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly model: SteppingModel;
  readonly intervalUs: number;
  /** Sessions in one step: above this a batch gains nothing and only adds to everyone's frame time. */
  readonly batchMax: number;
  readonly events: EngineEvents;
  readonly sessions: () => Iterable<Session>;
  /** A limit of the session's, or the model, has ended it. */
  readonly end: (session: Session, reason: string, detail: string) => void;
}

export class Scheduler {
  readonly #ports: SchedulerPorts;
  readonly #limits: Limits;
  readonly #crowding = new Crowding();
  #cancelTimer: (() => void) | undefined;
  #stepping = false;
  #turns = 0;
  #stopped = false;

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
    this.#limits = new Limits(ports);
  }

  /** To be called whenever something may have become due earlier than before. */
  wake(): void {
    if (this.#stopped) return;
    const nowUs = this.#ports.clock.nowUs();
    this.#limits.enforce(nowUs);
    if (!this.#stepping) {
      const batch = this.#batchDue(nowUs);
      if (batch.length > 0) void this.#step(batch, nowUs);
    }
    this.#arm();
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #batchDue(nowUs: number): Session[] {
    const earlyUs = this.#crowding.isCrowded ? EARLY_US_MAX_CROWDED : EARLY_US_MAX;
    const soon = this.#steppable().filter((session) => session.dueUs <= nowUs + earlyUs);
    const due = soon.filter((session) => session.dueUs <= nowUs).sort((a, b) => a.turn - b.turn);
    const [first] = due;
    if (first === undefined || first.failures > 0) return first === undefined ? [] : [first];
    const early = soon.filter((session) => session.dueUs > nowUs).sort((a, b) => a.dueUs - b.dueUs);
    return [...due, ...early].filter((session) => session.failures === 0).slice(0, this.#ports.batchMax);
  }

  #steppable(): Session[] {
    return [...this.#ports.sessions()].filter((session) => session.stream !== undefined && !session.stepping);
  }

  #arm(): void {
    this.#cancelTimer?.();
    const dues = this.#stepping ? [] : this.#steppable().map((session) => session.dueUs);
    const atUs = Math.min(this.#limits.nextUs(), ...dues);
    this.#cancelTimer = Number.isFinite(atUs) ? this.#ports.clock.at(atUs, () => this.wake()) : undefined;
  }

  async #step(batch: readonly Session[], startedUs: number): Promise<void> {
    this.#stepping = true;
    const begun = batch.map((session) => ({
      session,
      stream: session.stream,
      world: session.world,
      action: session.action,
      dueUs: session.dueUs,
    }));
    batch.forEach((session) => this.#begin(session, startedUs));
    try {
      const {
        states,
        frames,
        reanchors = 0,
      } = await this.#ports.model.step(
        begun.map(({ session }) => session.state),
        begun.map(({ action }) => action.values),
      );
      const endedUs = this.#ports.clock.nowUs();
      this.#crowding.stepped(startedUs, endedUs);
      this.#ports.events.stepped((endedUs - startedUs) / 1_000, batch.length);
      if (reanchors > 0) this.#ports.events.reanchored(reanchors);
      begun.forEach((step, i) =>
        this.#deliver({ ...step, startedUs, endedUs, state: states[i], rgb: frames[i] }),
      );
    } catch (error) {
      this.#failed(begun, error);
    } finally {
      batch.forEach((session) => {
        session.stepping = false;
      });
      this.#stepping = false;
      this.wake();
    }
  }

  #begin(session: Session, nowUs: number): void {
    const before = session.activity;
    this.#turns += 1;
    session.stepBegins(nowUs, this.#turns);
    if (before !== session.activity) this.#ports.events.changed();
  }

  #deliver(step: Stepped): void {
    const { session, stream, state, rgb } = step;
    if (stream === undefined || session.stream !== stream || session.world !== step.world) return;
    if (state === undefined || rgb === undefined) return;
    const { number, skipped } = session.stepEnded(state, step.endedUs);
    if (skipped > 0) this.#ports.events.skipped(skipped);
    stream.frame(this.#frameOf(step, number, rgb));
    if (step.endedUs - session.checkpointUs < CHECKPOINT_INTERVAL_US) return;
    session.checkpointUs = step.endedUs;
    const checkpoint = checkpointOf(session, this.#ports.model.description);
    if (checkpoint !== undefined) stream.checkpoint(checkpoint);
  }

  #frameOf(
    { session, action, dueUs, startedUs, endedUs }: Stepped,
    number: number,
    rgb: Uint8Array,
  ): SteppedFrame {
    return {
      number,
      epoch: session.epoch,
      lastActionSeq: action.seq,
      lastActionDevice: action.device,
      actionReceivedUs: action.receivedUs,
      actionGatewayUs: action.gatewayUs,
      dueUs,
      stepStartedUs: startedUs,
      stepEndedUs: endedUs,
      rgb,
      format: session.format,
      sent: (atUs) => {
        const late = isLate(dueUs, atUs);
        session.frameSent(late);
        this.#ports.events.frameSent({
          late,
          dueToSentMs: (atUs - dueUs) / 1_000,
          stepToSentMs: (atUs - endedUs) / 1_000,
        });
      },
    };
  }

  #failed(begun: readonly Begun[], error: unknown): void {
    this.#ports.events.modelFault(
      error,
      begun.map(({ session }) => session.id),
    );
    for (const { session, world } of begun) {
      if (session.world !== world && this.#ports.model.usable) continue;
      session.failures += 1;
      if (session.failures < FAILURES_MAX && this.#ports.model.usable) continue;
      if (session.activity !== 'ended')
        this.#ports.end(session, 'model_failed', 'The model failed to make the next frame.');
    }
  }
}

/** A session's part in a step, as it was when the step began. */
interface Begun {
  readonly session: Session;
  readonly stream: Session['stream'];
  readonly world: number;
  readonly action: Session['action'];
  readonly dueUs: number;
}

interface Stepped extends Begun {
  readonly startedUs: number;
  readonly endedUs: number;
  readonly state: Uint8Array | undefined;
  readonly rgb: Uint8Array | undefined;
}
