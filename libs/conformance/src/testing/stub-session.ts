// One session of the stub: a world, the action in force, counters, and the stream that is attached.
import { NoticeKind, type Action, type Checkpoint, type Frame, type FrameFormat } from '@meridian/protocol';
import { SessionActivity, type SessionReport } from '@meridian/protocol/worker';
import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { Break } from './breaks.ts';
import { encoded, type Picture, type StubOutlet } from './stub-outlet.ts';
import { pictureOf, stepped, STUB_MODEL } from './stub-world.ts';

export interface StubStart {
  readonly claims: SessionTokenClaims;
  readonly clientKey: string;
  readonly traceId: string;
  readonly state: Uint8Array;
  readonly frameNumber: number;
  readonly action: Action | undefined;
  readonly seq: number;
  readonly format: FrameFormat | undefined;
  readonly isRestored: boolean;
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
  action: Action | undefined;
  format: FrameFormat | undefined;
  /** Another session's epoch, for a worker that mixes them up. */
  mixedEpoch: number | undefined;
  /** Sessions on the worker, for one whose frames depend on it. */
  company = 1;
  /** The action has been stepped with once. */
  isSpent: boolean;
  frames = 0;
  activeMs = 0;
  readonly queue: Action[] = [];
  readonly #broken: Break | undefined;
  readonly #traceId: string;
  readonly #startedUs = Date.now() * 1_000;
  readonly #isRestored: boolean;
  #seq: number;
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
    this.action = start.action;
    this.format = start.format;
    this.isSpent = start.isRestored;
    this.#seq = start.seq;
    this.#isRestored = start.isRestored;
    this.#broken = broken;
  }

  get seq(): number {
    return this.#seq;
  }

  attach(outlet: StubOutlet, kind: NoticeKind): void {
    this.outlet = outlet;
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

  act(action: Action): void {
    if (action.seq <= (this.queue.at(-1)?.seq ?? this.#seq)) return;
    this.#receivedUs = nowUs();
    if (this.#broken === 'queues-actions') this.queue.push(action);
    else this.#take(action);
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
    this.state = stepped(this.state, isInForce ? this.action : undefined);
    this.isSpent = true;
    this.#steps += 1;
    this.frameNumber += 1;
    this.activity = SessionActivity.ACTIVE;
    const [number, lastActionSeq, stepEndedUs] = [this.frameNumber, this.#seq, nowUs()];
    const picture = await encoded(pictureOf(this.state, this.#salt()), this.format, this.#broken);
    this.#isStepping = false;
    const actionReceivedUs = Math.min(this.#receivedUs, stepStartedUs);
    const message = this.#frame({
      number,
      lastActionSeq,
      actionReceivedUs,
      stepStartedUs,
      stepEndedUs,
      picture,
    });
    outlet.frame(message);
    if (this.#broken === 'repeats-frames' && number % 10 === 0) outlet.frame(message);
    this.#checkpointNow(outlet);
  }

  checkpoint(): Checkpoint {
    const { model, modelVersion } = STUB_MODEL;
    const { frameNumber, state, action, format } = this;
    const { epoch } = this.claims;
    return { model, modelVersion, epoch, frameNumber, lastActionSeq: this.#seq, state, action, format };
  }

  notice(kind: NoticeKind, endReason = '') {
    return { kind, endReason, detail: '', epoch: this.claims.epoch, nextFrameNumber: this.frameNumber + 1 };
  }

  report(): SessionReport {
    this.#reportSeq += 1;
    const { sessionId, epoch, width } = this.claims;
    if (this.#broken === 'counts-while-away' && this.activity === SessionActivity.HELD) this.activeMs += 50;
    return {
      sessionId,
      epoch,
      seq: this.#reportSeq,
      activity: this.activity,
      activeMs: Math.round(
        this.activeMs + (this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs),
      ),
      frames: this.frames,
      lateFrames: this.#lateFrames,
      endReason: this.#endReason,
      startedUs: this.#startedUs,
      traceId: this.#traceId,
      width,
    };
  }

  #take(action: Action): void {
    this.action = action;
    this.#seq = action.seq;
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

  #frame({ picture, ...frame }: Stepped): () => { $case: 'frame'; value: Frame } {
    return () => {
      const encodedUs = nowUs();
      this.frames += 1;
      if (encodedUs - frame.stepStartedUs > 1_000 * DEADLINE_MS) this.#lateFrames += 1;
      const epoch = this.mixedEpoch ?? this.claims.epoch;
      return { $case: 'frame', value: { ...frame, ...picture, keyframe: true, epoch, encodedUs } };
    };
  }
}

interface Stepped {
  readonly number: number;
  readonly lastActionSeq: number;
  readonly actionReceivedUs: number;
  readonly stepStartedUs: number;
  readonly stepEndedUs: number;
  readonly picture: Picture;
}

const nowUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1_000);
