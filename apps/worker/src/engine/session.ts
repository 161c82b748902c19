import { Notice, type Checkpoint, type FrameFormat, type NoticeKind } from '@meridian/protocol';
import { nextDue } from './cadence.ts';
import type { Devices } from './devices.ts';
import { Credit } from './credit.ts';
import { EndingSoon } from './ending-soon.ts';
import { Meter, type Reading } from './meter.ts';
import type { Origin } from './origin.ts';
import { PhaseAligner } from './phase-aligner.ts';
import type { ActionInForce, ClientStream, Grant, SteppedFrame } from './ports.ts';

export type Activity = 'connecting' | 'active' | 'held' | 'ended';

export interface SessionStart {
  readonly grant: Grant;
  readonly clientKey: string;
  readonly traceId: string;
  readonly origin: Origin;
  readonly startedUs: number;
  readonly intervalUs: number;
}

export interface Limit {
  readonly atUs: number;
  /** From when it began to count to `atUs`. */
  readonly lengthUs: number;
  readonly reason: 'idle' | 'duration_limit' | 'client_lost' | 'budget_exhausted';
}

/**
 * One session at one epoch: connecting -> active <-> held -> ended. It is stepped while a stream is attached; its memory
 * is its state, one action, one format and a few numbers. Who may attach is decided elsewhere (admission.ts), and when it is stepped too
 * (scheduler.ts).
 */
export class Session {
  readonly id: string;
  readonly epoch: number;
  /** Slots that it takes. */
  readonly width: number;
  readonly clientKey: string;
  readonly traceId: string;
  readonly startedUs: number;
  readonly #grant: Grant;
  readonly #intervalUs: number;
  readonly #meter = new Meter();
  readonly #credit: Credit;
  readonly #aligner: PhaseAligner;
  readonly devices: Devices;
  /** What the stream was told of the session's limits. */
  endingSoon = new EndingSoon();
  #activity: Activity = 'connecting';
  #endReason = '';
  #stream: ClientStream | undefined;
  #state: Uint8Array;
  #frameNumber: number;
  #action: ActionInForce;
  #format: FrameFormat | undefined;
  #world = 0;
  #dueUs = 0;
  #awakeUs: number;
  #heldSinceUs = 0;
  /** Steps that failed in a row. */
  failures = 0;
  /** A step of this session is running. */
  stepping = false;
  /** Orders the newest step of each session; 0 before the first. */
  turn = 0;
  /** When the last checkpoint went out; -Infinity: the next frame brings one. */
  checkpointUs = -Infinity;

  constructor(start: SessionStart) {
    this.id = start.grant.sessionId;
    this.epoch = start.grant.epoch;
    this.width = start.grant.width;
    this.clientKey = start.clientKey;
    this.traceId = start.traceId;
    this.startedUs = start.startedUs;
    this.#grant = start.grant;
    this.#credit = new Credit(this.#meter, start.grant.creditMs);
    this.#intervalUs = start.intervalUs;
    this.#aligner = new PhaseAligner(start.intervalUs);
    this.#state = start.origin.state;
    this.#frameNumber = start.origin.frameNumber;
    this.#action = start.origin.action;
    this.devices = start.origin.devices;
    this.#format = start.origin.format;
    this.#awakeUs = start.startedUs;
  }

  get activity(): Activity {
    return this.#activity;
  }
  get endReason(): string {
    return this.#endReason;
  }
  get stream(): ClientStream | undefined {
    return this.#stream;
  }
  get state(): Uint8Array {
    return this.#state;
  }
  get action(): ActionInForce {
    return this.#action;
  }
  /** What the client asked its frames to look like. */
  get format(): FrameFormat | undefined {
    return this.#format;
  }
  /** Another one after each restore: what was stepped in an earlier one is of no use. */
  get world(): number {
    return this.#world;
  }
  /** Active time that is paid for, ms; undefined: no limit. */
  get creditMs(): number | undefined {
    return this.#credit.ms;
  }
  get frameNumber(): number {
    return this.#frameNumber;
  }
  get dueUs(): number {
    return this.#dueUs;
  }

  /** Answers the stream that was attached before, if any. */
  attach(stream: ClientStream, nowUs: number): ClientStream | undefined {
    const before = this.#stream;
    this.#stream = stream;
    this.endingSoon = new EndingSoon();
    this.#dueUs = nowUs;
    this.#awakeUs = nowUs;
    this.checkpointUs = -Infinity;
    this.#activity = this.turn > 0 ? 'active' : 'connecting';
    return before;
  }

  /** The client is away: no steps, and the meter stands still. */
  hold(nowUs: number): void {
    this.#stream = undefined;
    this.#activity = 'held';
    this.#heldSinceUs = nowUs;
    this.#meter.pause(nowUs);
  }

  end(reason: string, nowUs: number): void {
    this.#activity = 'ended';
    this.#endReason = reason;
    this.#stream = undefined;
    this.#state = new Uint8Array(0);
    this.#meter.pause(nowUs);
  }

  /** What arrived last wins; an action that is not newer than all others of its device changes nothing. */
  act(action: ActionInForce): boolean {
    if (!this.devices.take(action.device, action.seq)) return false;
    this.#action = action;
    this.#awakeUs = action.receivedUs;
    if (this.#activity === 'active') this.#aligner.arrived(this.#dueUs - action.receivedUs);
    return true;
  }

  formatFrames(format: FrameFormat): void {
    this.#format = format;
  }

  /** Puts the world back to another state. The next frame brings a checkpoint, so that no older world comes back. */
  restore(state: Uint8Array, action: ActionInForce): void {
    this.#state = state;
    this.#action = action;
    this.#world += 1;
    this.failures = 0;
    this.checkpointUs = -Infinity;
  }

  stepBegins(nowUs: number, turn: number): void {
    this.stepping = true;
    this.turn = turn;
    this.#activity = 'active';
    this.#meter.run(nowUs);
  }

  /** Takes over what a step made. Answers the frame's number and how many frames were skipped to stay on time. */
  stepEnded(state: Uint8Array, nowUs: number): { readonly number: number; readonly skipped: number } {
    this.#state = state;
    this.#frameNumber += 1;
    this.failures = 0;
    const next = nextDue(this.#dueUs, nowUs, this.#intervalUs);
    this.#dueUs = next.dueUs + this.#aligner.takeShiftUs(nowUs);
    return { number: this.#frameNumber, skipped: next.skipped };
  }

  frameSent(late: boolean): void {
    this.#meter.frameSent(late);
  }

  renewCredit(ms: number, nowUs: number): boolean {
    return this.#credit.renew(ms, nowUs);
  }

  send(frame: SteppedFrame): void {
    this.#stream?.frame(frame);
  }

  /** The first limit that the session will run into if nothing changes. */
  limit(): Limit {
    const { holdMs, idleMs, maxDurationMs } = this.#grant;
    const duration = limitOf('duration_limit', this.startedUs, maxDurationMs);
    const absence =
      this.#activity === 'held'
        ? limitOf('client_lost', this.#heldSinceUs, holdMs)
        : limitOf('idle', this.#awakeUs, idleMs);
    return earlier(this.#credit.limit(), earlier(duration, absence));
  }

  read(nowUs: number): Reading {
    return this.#meter.read(nowUs);
  }

  checkpoint(model: string, modelVersion: string): Checkpoint {
    return {
      model,
      modelVersion,
      epoch: this.epoch,
      frameNumber: this.#frameNumber,
      lastActionSeq: this.#action.seq,
      actionDevice: this.#action.device,
      deviceSeqs: this.devices.seqsBut(this.#action.device),
      state: this.#state,
      action: this.#action.message,
      format: this.#format,
    };
  }

  notice(kind: NoticeKind, rest: Partial<Notice> = {}): Notice {
    return Notice.fromPartial({ kind, epoch: this.epoch, nextFrameNumber: this.#frameNumber + 1, ...rest });
  }
}

const earlier = (a: Limit, b: Limit): Limit => (a.atUs < b.atUs ? a : b);

function limitOf(reason: Limit['reason'], sinceUs: number, ms: number): Limit {
  const lengthUs = ms * 1_000;
  return { atUs: sinceUs + lengthUs, lengthUs, reason };
}
