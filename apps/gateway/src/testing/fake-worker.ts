// A worker as far as a gateway knows one. It believes every token, and keeps what it sent and got for a test to look at.
import { Metadata, Server, status, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  Codec,
  Notice,
  NoticeKind,
  PlayResponse,
  type Action,
  type Checkpoint,
  type FrameFormat,
  type PlayRequest,
  type StreamFeedback,
} from '@meridian/protocol';
import { WorkerServiceService } from '@meridian/protocol/worker';
import { decodeJwt } from 'jose';
import { randomBytes } from 'node:crypto';
import { bind } from './fake-control-plane.ts';

export interface FakeWorkerOptions {
  readonly frameMs?: number;
  readonly imageBytes?: number;
  readonly stateBytes?: number;
  /** Every how many frames one is a keyframe. */
  readonly keyframeEvery?: number;
  /** How far its clock is ahead. */
  readonly clockAheadMs?: number;
}

export interface ServedSession {
  readonly sessionId: string;
  clientKey: string;
  epoch: number;
  nextFrame: number;
  streams: number;
  /** Checkpoints as they were sent. */
  readonly checkpoints: Checkpoint[];
  /** Actions of all devices as they came. */
  readonly actions: Action[];
  /** What the gateway said of each of them. */
  readonly origins: Pick<PlayRequest, 'device' | 'gatewayReceivedUs'>[];
  /** The newest one seen of each device, and the device whose action is in force. */
  readonly seqs: Map<number, number>;
  actionDevice: number;
  actionGatewayUs: number;
  readonly feedback: StreamFeedback[];
  readonly formats: FrameFormat[];
  /** Encoded frames by number, as they were sent. */
  readonly sent: Map<number, Buffer>;
  restoredFrom: Checkpoint | undefined;
  call: Call | undefined;
}

type Call = ServerDuplexStream<PlayRequest, PlayResponse>;

export class FakeWorker {
  readonly sessions = new Map<string, ServedSession>();
  readonly traceparents: string[] = [];
  /** Session tokens as they came. */
  readonly tokens: string[] = [];
  address = '';
  /** A worker with its model stuck: streams stay open, no frames come. */
  isStuck = false;
  /** Streams are taken, and nothing is said on them. */
  isMute = false;
  /** Frames carry this instead of the session's epoch. */
  wrongEpoch: number | undefined;
  /** Streams of sessions that it does not serve are refused so. */
  refusal: readonly [status, string] | undefined;
  /** A hand-over is not heard: the model is stuck in a step. */
  isDeaf = false;
  handOversAsked = 0;
  /** Epochs at which sessions were handed over. */
  readonly #fences = new Map<string, number>();
  readonly #server = new Server();
  readonly #options: Required<FakeWorkerOptions>;

  private constructor(options: FakeWorkerOptions) {
    this.#options = {
      frameMs: 5,
      imageBytes: 20_000,
      stateBytes: 1_000,
      keyframeEvery: 1,
      clockAheadMs: 0,
      ...options,
    };
  }

  static async start(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
    const worker = new FakeWorker(options);
    worker.#server.addService(AS_BYTES, { serve: (call: Call) => worker.#serve(call) });
    worker.address = `127.0.0.1:${String(await bind(worker.#server, 0))}`;
    return worker;
  }

  /** As SIGKILL does: connections break, the port is closed. */
  kill(): void {
    this.#server.forceShutdown();
  }

  end(sessionId: string, endReason: string): void {
    const session = this.session(sessionId);
    const { call } = session;
    session.call = undefined;
    call?.write(this.#notice(session, NoticeKind.ENDED, endReason));
    call?.end();
    this.sessions.delete(sessionId);
  }

  /** As a restart does, with nobody attached. */
  forget(): void {
    this.sessions.clear();
    this.#fences.clear();
  }

  /** Asks gateways for another place, and goes on. */
  startDraining(withinMs = 20_000): void {
    for (const { call } of this.sessions.values()) {
      call?.write({ message: { $case: 'draining', value: { withinMs } }, gatewaySentUs: 0 });
    }
  }

  /** As on a hand-over, and when a heartbeat's answer says that the session moved on. */
  handOver(sessionId: string): void {
    const session = this.session(sessionId);
    const { call } = session;
    session.call = undefined;
    this.sessions.delete(sessionId);
    this.#fences.set(sessionId, session.epoch);
    if (!call) return;
    this.#sendCheckpoint(session, call);
    refuse(call, status.UNAVAILABLE, 'handed_over');
  }

  /** Bytes as they are, behind a prefix. */
  send(sessionId: string, message: Uint8Array): void {
    this.session(sessionId).call?.write(message as unknown as PlayResponse);
  }

  /** At the end of a drain: every session gets its last checkpoint, and its stream ends. */
  drain(): void {
    for (const session of this.sessions.values()) {
      const { call } = session;
      if (!call) continue;
      this.#sendCheckpoint(session, call);
      refuse(call, status.UNAVAILABLE, 'worker_draining');
    }
  }

  session(sessionId: string): ServedSession {
    const session = this.sessions.get(sessionId);
    if (!session) throw new Error(`no session ${sessionId} here`);
    return session;
  }

  #serve(call: Call): void {
    const clientKey = String(call.metadata.get('meridian-client-key')[0]);
    this.traceparents.push(String(call.metadata.get('traceparent')[0]));
    const token = String(call.metadata.get('authorization')[0]).slice('Bearer '.length);
    this.tokens.push(token);
    if (this.isMute) return void call.on('error', () => undefined).resume();
    const { sub = '', mer } = decodeJwt<{ mer: { epoch: number } }>(token);
    if (mer.epoch <= (this.#fences.get(sub) ?? 0)) {
      return refuse(call, status.PERMISSION_DENIED, 'epoch_fenced');
    }
    const known = this.sessions.get(sub);
    if (!known && this.refusal) return refuse(call, ...this.refusal);
    if (known && known.clientKey !== clientKey) return refuse(call, status.PERMISSION_DENIED, 'token_reused');
    const session = known ?? this.#open(sub, clientKey, call.metadata);
    session.epoch = mer.epoch;
    if (session.call) refuse(session.call, status.ABORTED, 'taken_over');
    session.call = call;
    session.streams += 1;
    const begin = () => {
      call.write(this.#notice(session, known ? NoticeKind.RESUMED : NoticeKind.STARTED));
      this.#play(session, call);
    };
    const isRestore = call.metadata.get('meridian-restore')[0] === '1';
    let isFirst = true;
    call.on('data', ({ message, device, gatewayReceivedUs }: PlayRequest) => {
      const isToRestore = isRestore && isFirst;
      isFirst = false;
      if (isToRestore !== (message?.$case === 'restore')) {
        return refuse(call, status.INVALID_ARGUMENT, 'malformed_restore');
      }
      take(message, session, known === undefined);
      if (message?.$case === 'action') act(session, message.value.seq, { device, gatewayReceivedUs });
      if (message?.$case === 'handOver') {
        this.handOversAsked += 1;
        if (!this.isDeaf) this.handOver(sub);
      }
      if (isToRestore) begin();
    });
    call.on('error', () => undefined);
    if (!isRestore) begin();
  }

  #open(sessionId: string, clientKey: string, metadata: Metadata): ServedSession {
    const nextFrame = Number(metadata.get('meridian-next-frame')[0] ?? 0);
    const session: ServedSession = {
      sessionId,
      clientKey,
      epoch: 0,
      nextFrame,
      streams: 0,
      checkpoints: [],
      actions: [],
      origins: [],
      seqs: new Map(),
      actionDevice: 0,
      actionGatewayUs: 0,
      feedback: [],
      formats: [],
      sent: new Map(),
      restoredFrom: undefined,
      call: undefined,
    };
    this.sessions.set(sessionId, session);
    return session;
  }

  #play(session: ServedSession, call: Call): void {
    const timer = setInterval(() => {
      if (!this.isStuck && session.call === call) this.#step(session, call);
    }, this.#options.frameMs);
    const stop = () => {
      clearInterval(timer);
      if (session.call === call) session.call = undefined;
    };
    call.on('cancelled', stop);
    call.on('close', stop);
    call.on('finish', stop);
  }

  #step(session: ServedSession, call: Call): void {
    const frame = this.#frame(session);
    session.sent.set(session.nextFrame, Buffer.from(PlayResponse.encode(frame).finish()));
    session.nextFrame += 1;
    call.write(frame);
    if (session.nextFrame % 10 === 0) this.#sendCheckpoint(session, call);
  }

  #frame({ nextFrame, epoch, seqs, actionDevice, actionGatewayUs }: ServedSession): PlayResponse {
    const nowUs = (Date.now() + this.#options.clockAheadMs) * 1_000;
    const value = {
      number: nextFrame,
      keyframe: nextFrame % this.#options.keyframeEvery === 0,
      codec: Codec.JPEG,
      width: 128,
      height: 72,
      lastActionSeq: seqs.get(actionDevice) ?? 0,
      epoch: this.wrongEpoch ?? epoch,
      actionReceivedUs: nowUs,
      stepStartedUs: nowUs,
      stepEndedUs: nowUs,
      encodedUs: nowUs,
      lastActionDevice: actionDevice,
      actionGatewayUs,
      image: randomBytes(this.#options.imageBytes),
    };
    return { message: { $case: 'frame', value }, gatewaySentUs: 0 };
  }

  #sendCheckpoint(session: ServedSession, call: Call): void {
    const value = {
      ...{ model: 'm', modelVersion: '1', epoch: session.epoch, frameNumber: session.nextFrame - 1 },
      ...{
        lastActionSeq: session.seqs.get(session.actionDevice) ?? 0,
        state: randomBytes(this.#options.stateBytes),
      },
      ...{ action: session.actions.at(-1), format: session.formats.at(-1) },
      deviceSeqs: [...session.seqs].map(([device, seq]) => ({ device, seq })),
      actionDevice: session.actionDevice,
    };
    session.checkpoints.push(value);
    call.write({ message: { $case: 'checkpoint', value }, gatewaySentUs: 0 });
  }

  #notice({ epoch, nextFrame }: ServedSession, kind: NoticeKind, endReason = ''): PlayResponse {
    const value = Notice.fromPartial({ kind, endReason, epoch, nextFrameNumber: nextFrame });
    return { message: { $case: 'notice', value }, gatewaySentUs: 0 };
  }
}

function take(message: PlayRequest['message'], session: ServedSession, isNew: boolean): void {
  if (message?.$case === 'action') session.actions.push(message.value);
  if (message?.$case === 'feedback') session.feedback.push(message.value);
  if (message?.$case === 'format') session.formats.push(message.value);
  if (message?.$case !== 'restore' || !isNew) return;
  session.restoredFrom = message.value;
  session.nextFrame = Math.max(message.value.frameNumber + 1, session.nextFrame);
  for (const { device, seq } of message.value.deviceSeqs) session.seqs.set(device, seq);
  session.actionDevice = message.value.actionDevice;
}

/** The newest one that came is in force; one that was seen before changes nothing. */
function act(session: ServedSession, seq: number, origin: ServedSession['origins'][number]): void {
  session.origins.push(origin);
  if (seq <= (session.seqs.get(origin.device) ?? 0)) return;
  session.seqs.set(origin.device, seq);
  session.actionDevice = origin.device;
  session.actionGatewayUs = origin.gatewayReceivedUs;
}

/** A service that also sends bytes as they are. */
const AS_BYTES = {
  serve: {
    ...WorkerServiceService.serve,
    responseSerialize: (message: PlayResponse | Uint8Array) =>
      message instanceof Uint8Array
        ? Buffer.from(message)
        : Buffer.from(PlayResponse.encode(message).finish()),
  },
};

function refuse(call: Call, code: status, meridianCode: string): void {
  const metadata = new Metadata();
  metadata.set('meridian-code', meridianCode);
  call.emit('error', { code, details: 'The worker says no.', metadata });
}
