// One session of the stub: a world, the action in force, counters, and the stream that is attached.
import {
  Notice,
  type Action,
  type Checkpoint,
  type Frame,
  type FrameFormat,
  type NoticeKind,
} from '@meridian/protocol';
import { SessionActivity, type SessionReport } from '@meridian/protocol/worker';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { Break } from './breaks.ts';
import { StubDevices } from './stub-devices.ts';
import { StubLimits } from './stub-limits.ts';
import { encoded, type Picture, type StubOutlet } from './stub-outlet.ts';
import { StubThrottle } from './stub-throttle.ts';
import { pictureOf, stepped, STUB_MODEL } from './stub-world.ts';

export interface StubStart {
  readonly claims: SessionTokenClaims;
  readonly clientKey: string;
  readonly traceId: string;
  readonly state: Uint8Array;
  readonly frameNumber: number;
  readonly inForce: InForce;
  readonly devices: StubDevices;
  readonly format: FrameFormat | undefined;
  readonly isRestored: boolean;
}

export interface InForce {
  readonly action: Action | undefined;
  readonly seq: number;
  readonly device: number;
  readonly gatewayUs: number;
}

const CHECKPOINT_MS = 1_000;
export const DEADLINE_MS = 40;
const DRIFT_FRAMES = 60;

export class StubSession {
  readonly claims: SessionTokenClaims;
  readonly clientKey: string;
  activity = SessionActivity.CONNECTING;
  outlet: StubOutlet | undefined;
  state: Uint8Array;
  frameNumber: number;
  format: FrameFormat | undefined;
  /** Another session's epoch, for a worker that mixes them up. */
  mixedEpoch: number | undefined;
  /** Sessions on the worker, for one whose frames depend on it. */
  company = 1;
  /** The action has been stepped with once. */
  isSpent: boolean;
  frames = 0;
  activeMs = 0;
  readonly limits: StubLimits;
  readonly devices: StubDevices;
  readonly queue: InForce[] = [];
  readonly #broken: Break | undefined;
  readonly #traceId: string;
  readonly #startedUs = Date.now() * 1_000;
  readonly #isRestored: boolean;
  #inForce: InForce;
  #throttle: StubThrottle;
  #reportSeq = 0;
  #endReason = '';
  #receivedUs = 0;
  #sinceMs: number | undefined;
  #checkpointMs = 0;
  #steps = 0;
  #lateFrames = 0;
  #isStepping = false;

  constructor(start: StubStart, broken: Break | undefined) {
    this.claims = start.claims;
    this.clientKey = start.clientKey;
    this.#traceId = start.traceId;
    this.state = start.state;
    this.frameNumber = start.frameNumber;
    this.devices = start.devices;
    this.limits = new StubLimits(start.claims, broken);
    this.#throttle = new StubThrottle(broken);
    this.format = start.format;
    this.isSpent = start.isRestored;
    this.#inForce = start.inForce;
    this.#isRestored = start.isRestored;
    this.#broken = broken;
  }

  get activeNowMs(): number {
    return this.activeMs + (this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs);
  }

  /** Slots that it takes. */
  get width(): number {
    return this.#broken === 'ignores-width' ? 1 : this.claims.width;
  }
  get inForce(): InForce {
    return this.#inForce;
  }

  attach(outlet: StubOutlet, kind: NoticeKind): void {
    this.outlet = outlet;
    this.limits.awake();
    this.#throttle = new StubThrottle(this.#broken);
    this.#checkpointMs = 0;
    this.#sinceMs = performance.now();
    this.activity = SessionActivity.CONNECTING;
    outlet.send({ $case: 'notice', value: this.notice(kind) });
  }

  detach(): void {
    this.outlet = undefined;
    this.activity = SessionActivity.HELD;
    this.#pause();
    if (this.#broken === 'resets-counters') [this.frames, this.activeMs] = [0, 0];
  }

  end(reason: string): void {
    this.#pause();
    this.activity = SessionActivity.ENDED;
    this.#endReason = reason;
    this.outlet = undefined;
  }

  act(action: Action, device: number, stampUs: number): void {
    if (!this.devices.takes(device, action.seq)) return;
    this.#receivedUs = nowUs();
    this.limits.awake();
    const gatewayUs = this.#broken === 'loses-gateway-stamps' ? 0 : stampUs;
    const inForce = { action, seq: action.seq, device, gatewayUs };
    if (this.#broken === 'queues-actions') this.queue.push(inForce);
    else this.#take(inForce);
  }

  feedback(dropped: number): void {
    this.#throttle.feedback(dropped, this.format);
  }

  /** The world is back where a checkpoint was, with its action; numbers stay. */
  rewind(action: Action | undefined): void {
    this.#inForce = { ...this.#inForce, action };
    this.isSpent = true;
  }

  /** One frame of the world, made and sent. */
  async step(): Promise<void> {
    const { outlet } = this;
    if (outlet === undefined || this.#isStepping) return;
    this.#isStepping = true;
    const stepStartedUs = nowUs();
    const queued = this.queue.shift();
    if (queued) this.#take(queued);
    const isInForce =
      this.#broken !== 'ignores-actions' && !(this.#broken === 'forgets-held-actions' && this.isSpent);
    this.state = stepped(this.state, isInForce ? this.#inForce.action : undefined);
    this.isSpent = true;
    this.#steps += 1;
    this.frameNumber += 1;
    this.activity = SessionActivity.ACTIVE;
    const [number, inForce, stepEndedUs] = [this.frameNumber, this.#inForce, nowUs()];
    this.#checkpointNow(outlet);
    if (!this.#throttle.sends(number, this.format)) {
      if (this.#broken === 'counts-frames-not-sent') this.frames += 1;
      this.#isStepping = false;
      return;
    }
    const format = this.#throttle.format(this.format);
    const picture = await encoded(pictureOf(this.state, this.#salt()), format, this.#broken);
    this.#isStepping = false;
    const actionReceivedUs = Math.min(this.#receivedUs, stepStartedUs);
    const message = this.#frame({
      number,
      inForce,
      actionReceivedUs,
      stepStartedUs,
      stepEndedUs,
      picture,
    });
    outlet.frame(message);
    if (this.#broken === 'repeats-frames' && number % 10 === 0) outlet.frame(message);
  }

  checkpoint(): Checkpoint {
    const { model, modelVersion } = STUB_MODEL;
    const { frameNumber, state, format } = this;
    const { epoch } = this.claims;
    const { action, seq: lastActionSeq, device: actionDevice } = this.#inForce;
    const deviceSeqs = this.devices.seqsBut(actionDevice);
    const world = { model, modelVersion, epoch, frameNumber, state, format };
    return { ...world, action, lastActionSeq, actionDevice, deviceSeqs };
  }

  notice(kind: NoticeKind, rest: Partial<Notice> = {}): Notice {
    const { claims, frameNumber } = this;
    return Notice.fromPartial({ kind, epoch: claims.epoch, nextFrameNumber: frameNumber + 1, ...rest });
  }

  report(): SessionReport {
    this.#reportSeq += 1;
    const { sessionId, epoch } = this.claims;
    if (this.#broken === 'counts-while-away' && this.activity === SessionActivity.HELD) this.activeMs += 50;
    return {
      sessionId,
      epoch,
      seq: this.#reportSeq,
      activity: this.activity,
      activeMs: Math.round(this.activeNowMs),
      frames: this.frames,
      lateFrames: this.#lateFrames,
      endReason: this.#endReason,
      startedUs: this.#startedUs,
      traceId: this.#traceId,
      width: this.width,
      creditMs: this.limits.creditMs,
    };
  }

  #take(inForce: InForce): void {
    this.#inForce = inForce;
    this.isSpent = false;
  }

  #pause(): void {
    if (this.#sinceMs !== undefined) this.activeMs += performance.now() - this.#sinceMs;
    this.#sinceMs = undefined;
  }

  #salt(): number {
    if (this.#broken === 'depends-on-company') return this.company;
    if (this.#broken === 'drifts-after-restore' && this.#isRestored && this.#steps > DRIFT_FRAMES) {
      return Math.floor(Math.random() * 1e9);
    }
    return 0;
  }

  #checkpointNow(outlet: StubOutlet): void {
    const pauseMs = this.#broken === 'checkpoints-seldom' ? 3 * CHECKPOINT_MS : CHECKPOINT_MS;
    if (performance.now() - this.#checkpointMs < pauseMs) return;
    this.#checkpointMs = performance.now();
    outlet.send({ $case: 'checkpoint', value: this.checkpoint() });
  }

  #frame({ picture, inForce, ...frame }: Stepped): () => { $case: 'frame'; value: Frame } {
    const { seq: lastActionSeq, device: lastActionDevice, gatewayUs: actionGatewayUs } = inForce;
    const action = { lastActionSeq, lastActionDevice, actionGatewayUs };
    return () => {
      const encodedUs = nowUs();
      this.frames += 1;
      if (encodedUs - frame.stepStartedUs > 1_000 * DEADLINE_MS) this.#lateFrames += 1;
      const epoch = this.mixedEpoch ?? this.claims.epoch;
      return { $case: 'frame', value: { ...frame, ...action, ...picture, keyframe: true, epoch, encodedUs } };
    };
  }
}

interface Stepped {
  readonly number: number;
  readonly inForce: InForce;
  readonly actionReceivedUs: number;
  readonly stepStartedUs: number;
  readonly stepEndedUs: number;
  readonly picture: Picture;
}

const nowUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1_000);
