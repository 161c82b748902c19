// A worker as far as a gateway knows one. It believes every token, and keeps what it sent and got for a test to look at.
import { Metadata, Server, status, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  Codec,
  NoticeKind,
  PlayResponse,
  type Action,
  type Checkpoint,
  type FrameFormat,
  type PlayRequest,
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
}

export interface ServedSession {
  readonly sessionId: string;
  clientKey: string;
  epoch: number;
  nextFrame: number;
  streams: number;
  /** Checkpoints as they were sent. */
  readonly checkpoints: Checkpoint[];
  readonly actions: Action[];
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
  address = '';
  /** A worker with its model stuck: streams stay open, no frames come. */
  isStuck = false;
  /** Frames carry this instead of the session's epoch. */
  wrongEpoch: number | undefined;
  readonly #server = new Server();
  readonly #options: Required<FakeWorkerOptions>;

  private constructor(options: FakeWorkerOptions) {
    this.#options = { frameMs: 5, imageBytes: 20_000, stateBytes: 1_000, keyframeEvery: 1, ...options };
  }

  static async start(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
    const worker = new FakeWorker(options);
    worker.#server.addService(WorkerServiceService, { serve: (call: Call) => worker.#serve(call) });
    worker.address = `127.0.0.1:${String(await bind(worker.#server, 0))}`;
    return worker;
  }

  /** As SIGKILL does: connections break, the port is closed. */
  kill(): void {
    this.#server.forceShutdown();
  }

  end(sessionId: string, endReason: string): void {
    const session = this.session(sessionId);
    session.call?.write(this.#notice(session, NoticeKind.ENDED, endReason));
    session.call?.end();
    this.sessions.delete(sessionId);
  }

  /** As SIGTERM does: every session gets its last checkpoint, and its stream ends. */
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
    const { sub = '', mer } = decodeJwt<{ mer: { epoch: number } }>(token);
    const known = this.sessions.get(sub);
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
    call.on('data', ({ message }: PlayRequest) => {
      const isToRestore = isRestore && isFirst;
      isFirst = false;
      if (isToRestore !== (message?.$case === 'restore')) {
        return refuse(call, status.INVALID_ARGUMENT, 'malformed_restore');
      }
      take(message, session, known === undefined);
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
      if (!this.isStuck) this.#step(session, call);
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

  #frame({ nextFrame, epoch, actions }: ServedSession): PlayResponse {
    const nowUs = Date.now() * 1_000;
    const value = {
      number: nextFrame,
      keyframe: nextFrame % this.#options.keyframeEvery === 0,
      codec: Codec.JPEG,
      width: 128,
      height: 72,
      lastActionSeq: actions.at(-1)?.seq ?? 0,
      epoch: this.wrongEpoch ?? epoch,
      actionReceivedUs: nowUs,
      stepStartedUs: nowUs,
      stepEndedUs: nowUs,
      encodedUs: nowUs,
      image: randomBytes(this.#options.imageBytes),
    };
    return { message: { $case: 'frame', value }, gatewaySentUs: 0 };
  }

  #sendCheckpoint(session: ServedSession, call: Call): void {
    const value = {
      ...{ model: 'm', modelVersion: '1', epoch: session.epoch, frameNumber: session.nextFrame - 1 },
      ...{ lastActionSeq: 0, state: randomBytes(this.#options.stateBytes) },
      ...{ action: session.actions.at(-1), format: session.formats.at(-1) },
    };
    session.checkpoints.push(value);
    call.write({ message: { $case: 'checkpoint', value }, gatewaySentUs: 0 });
  }

  #notice({ epoch, nextFrame }: ServedSession, kind: NoticeKind, endReason = ''): PlayResponse {
    const value = { kind, endReason, detail: '', epoch, nextFrameNumber: nextFrame };
    return { message: { $case: 'notice', value }, gatewaySentUs: 0 };
  }
}

function take(message: PlayRequest['message'], session: ServedSession, isNew: boolean): void {
  if (message?.$case === 'action') session.actions.push(message.value);
  if (message?.$case === 'format') session.formats.push(message.value);
  if (message?.$case !== 'restore' || !isNew) return;
  session.restoredFrom = message.value;
  session.nextFrame = Math.max(message.value.frameNumber + 1, session.nextFrame);
}

function refuse(call: Call, code: status, meridianCode: string): void {
  const metadata = new Metadata();
  metadata.set('meridian-code', meridianCode);
  call.emit('error', { code, details: 'The worker says no.', metadata });
}
