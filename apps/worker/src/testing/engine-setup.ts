import type { Action, Checkpoint, FrameFormat } from '@meridian/protocol';
import { OWNER } from '../engine/devices.ts';
import { Engine } from '../engine/engine.ts';
import type { AttachRequest, EngineEvents, SentFrame, Stamp, SteppingModel } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import type { Refusal } from '../refusal.ts';
import { FakeModel } from './fake-model.ts';
import { RecordingStream } from './recording-stream.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface Asking {
  readonly id?: string;
  readonly epoch?: number;
  readonly width?: number;
  readonly key?: string;
  readonly claimInMs?: number;
  readonly checkpoint?: Checkpoint;
  readonly nextFrameNumber?: number;
  readonly maxDurationMs?: number;
  readonly idleMs?: number;
  readonly creditMs?: number;
}

export interface Played {
  readonly session: Session;
  readonly stream: RecordingStream;
}

/** An engine with its model, in virtual time, and all that it told. */
export class EngineSetup {
  readonly clock = new VirtualClock();
  readonly model = new FakeModel(this.clock);
  readonly sent: SentFrame[] = [];
  readonly faults: (readonly string[])[] = [];
  changes = 0;
  skipped = 0;
  reanchors = 0;
  readonly engine: Engine;

  constructor({ slots = 2, batchMax = 8 }: { readonly slots?: number; readonly batchMax?: number } = {}) {
    this.engine = this.another({ slots, batchMax });
  }

  /** Another engine in the same time; with another model, if given. */
  another({
    slots = 2,
    batchMax = 8,
    model = this.model,
  }: {
    readonly slots?: number;
    readonly batchMax?: number;
    readonly model?: SteppingModel;
  }): Engine {
    return new Engine({ clock: this.clock, model, slots, batchMax, events: this.#events() });
  }

  asking({
    id = 'a',
    epoch = 1,
    width = 1,
    key = 'key',
    claimInMs = 60_000,
    maxDurationMs = 3_600_000,
    idleMs = 300_000,
    creditMs,
    ...rest
  }: Asking = {}): AttachRequest {
    const claimByMs = this.clock.nowUs() / 1_000 + claimInMs;
    const grant = { sessionId: id, epoch, width, claimByMs, holdMs: 30_000, idleMs, maxDurationMs, creditMs };
    return { grant, clientKey: key, traceId: 'f'.repeat(32), ...rest };
  }

  open(asked: Asking = {}, engine = this.engine): Played {
    const stream = new RecordingStream(this.clock);
    const attached = engine.attach(this.asking(asked), stream);
    if (attached.kind === 'refused') throw new Error(attached.refusal.message);
    return { session: attached.session, stream };
  }

  /** Of the session's owner, unless it is stamped as another's. */
  act(played: Played, message: Action, stamp: Partial<Stamp> = {}): Refusal | undefined {
    return this.engine.act(played.session, played.stream, message, { device: OWNER, gatewayUs: 0, ...stamp });
  }

  refusalOf(asked: Asking = {}): string | undefined {
    const attached = this.engine.attach(this.asking(asked), new RecordingStream(this.clock));
    return attached.kind === 'refused' ? `${attached.refusal.status} ${attached.refusal.code}` : undefined;
  }

  reportOf(id: string, epoch = 1) {
    return this.engine.reports(99).find((report) => report.sessionId === id && report.epoch === epoch);
  }

  #events(): EngineEvents {
    return {
      changed: () => (this.changes += 1),
      ended: () => undefined,
      stepped: () => undefined,
      frameSent: (frame) => this.sent.push(frame),
      skipped: (frames) => (this.skipped += frames),
      reanchored: (sessions) => (this.reanchors += sessions),
      modelFault: (_error, sessionIds) => this.faults.push(sessionIds),
    };
  }
}

export const action = (seq: number, forward = 0): Action => ({
  seq,
  clientTimeUs: 0,
  buttons: [],
  axes: { forward },
  text: '',
});

/** Of the fake model. */
export const checkpoint = (rest: Partial<Checkpoint> = {}): Checkpoint => ({
  model: 'fake',
  modelVersion: '1.0.0',
  epoch: 1,
  frameNumber: 25,
  lastActionSeq: 0,
  state: new Uint8Array(4),
  action: undefined,
  format: undefined,
  deviceSeqs: [],
  actionDevice: 0,
  ...rest,
});

export const format = (rest: Partial<FrameFormat> = {}): FrameFormat => ({
  codec: 0,
  width: 0,
  height: 0,
  quality: 0,
  ...rest,
});
